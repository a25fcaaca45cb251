/**
 * Where clouds tell a machine its own secrets, beside link-local addresses: Alibaba, Azure, Oracle; Amazon (and its DNS and
 * pods), Google, Scaleway. Nobody gets there by a name, neither by the connector nor by the controller.
 */
export const metadataNetworks = [
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  'fd00:42::42/128',
] as const;
