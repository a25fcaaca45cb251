/**
 * What posture is made of, for whoever collects, judges or shows it: the checks by name, how serial numbers are compared,
 * and the bounds. What devices report is `PostureFacts` in posture-facts.ts; what administrators ask for stands in posture-document.ts.
 */

/** So many programs, and so many files, may be asked for of one device. */
export const maxAsked = 32;

/** The checks of a profile, in the order in which people see them. */
export const postureChecks = [
  'system',
  'distribution',
  'diskEncryption',
  'firewall',
  'screenLock',
  'antivirus',
  'secureBoot',
  'automaticUpdates',
  'processes',
  'files',
  'clientVersion',
  'serial',
] as const;
export type PostureCheck = (typeof postureChecks)[number];

/** A serial number as it is compared: without blanks, in upper case. */
export function normalSerial(text: string): string {
  return text.replaceAll(/\s/g, '').toUpperCase();
}

/** Names by which profiles ask for an antivirus or EDR product, with what they are called. */
export const antivirusProducts = {
  'carbon-black': 'Carbon Black',
  clamav: 'ClamAV',
  'cortex-xdr': 'Cortex XDR',
  'crowdstrike-falcon': 'CrowdStrike Falcon',
  'elastic-defend': 'Elastic Defend',
  eset: 'ESET',
  'kaspersky-endpoint': 'Kaspersky Endpoint Security',
  'microsoft-defender': 'Microsoft Defender',
  sentinelone: 'SentinelOne',
  sophos: 'Sophos',
  'trellix-xagent': 'Trellix xAgent',
  'trend-micro': 'Trend Micro Deep Security Agent',
  wazuh: 'Wazuh',
} as const;
export type AntivirusProduct = keyof typeof antivirusProducts;
