/**
 * TLS as every part speaks it. It is for passage, what is trusted is inside, so of the suites of TLS
 * 1.3 the one that costs least processor time per byte comes first; the others stay, for peers that want them.
 */
export const tlsVersions = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
} as const;
