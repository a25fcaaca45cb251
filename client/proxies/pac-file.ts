/**
 * The proxy auto-configuration file: sends a browser that nobody captures to our proxies for the names that are ours, and
 * for no others. The HTTP proxy serves it at `/proxy.pac`, to the user's own programs and to no web page.
 */
import type { Name } from '../../protocol/names.ts';

/** What the file is made of; asked anew for each request. */
export interface PacSource {
  /** These and all names below them. */
  readonly zones: readonly Name[];
  readonly hostnames: readonly Name[];
  /** Public hostnames below these may be ours, which is found out when a browser comes with one. */
  readonly suffixes: readonly Name[];
  /** `address:port` of SOCKS5, for what is not encrypted, which our HTTP proxy does not carry; without, that is refused there. */
  readonly socks: string | undefined;
  readonly http: string;
}

/**
 * The file. Names that are ours never go anywhere else, also where our proxies do not answer; those below a suffix go by
 * themselves then.
 */
export function pacFile({ zones, hostnames, suffixes, socks, http }: PacSource): string {
  // Some browsers look names up by themselves before they use SOCKS5, so it is for what there is no other way for.
  const plain = socks === undefined ? `PROXY ${http}` : `SOCKS5 ${socks}`;
  return `function FindProxyForURL(url, host) {
  var name = host.toLowerCase().replace(/\\.$/, '');
  var zones = ${JSON.stringify(zones)};
  var hostnames = ${JSON.stringify(hostnames)};
  var way = /^(http|ws):/.test(url) ? '${plain}' : 'PROXY ${http}';
  for (var i = 0; i < zones.length; i += 1) {
    if (name === zones[i] || name.slice(-zones[i].length - 1) === '.' + zones[i]) return way;
  }
  if (hostnames.indexOf(name) >= 0) return way;
  var suffixes = /^(https|wss):/.test(url) ? ${JSON.stringify(suffixes)} : [];
  for (var j = 0; j < suffixes.length; j += 1) {
    if (name.slice(-suffixes[j].length - 1) === '.' + suffixes[j]) return 'PROXY ${http}; DIRECT';
  }
  return 'DIRECT';
}
`;
}

/**
 * Whether a request for the file comes from a browser itself, or from a program: a page that loaded it as a script could read
 * the names in it. Pages say where they are from (Fetch Metadata), and those that had their own name lead here ask for
 * that name.
 */
export function mayReadPac(headers: readonly string[]): boolean {
  const hosts = valuesOf('host', headers);
  const isOwnHost = hosts.length === 1 && /^(127\.\d+\.\d+\.\d+|localhost)(:\d+)?$/i.test(hosts[0] ?? '');
  const isPage =
    valuesOf('origin', headers).length > 0 ||
    valuesOf('referer', headers).length > 0 ||
    valuesOf('sec-fetch-site', headers).some((site) => site.toLowerCase() !== 'none');
  return isOwnHost && !isPage;
}

/** The whole response. Nothing keeps it: names change. */
export function writePac(file: string): Buffer {
  return Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\nX-Content-Type-Options: nosniff\r\n' +
      'Cross-Origin-Resource-Policy: same-origin\r\nCache-Control: no-store\r\n' +
      `Content-Length: ${Buffer.byteLength(file)}\r\nConnection: close\r\n\r\n${file}`,
  );
}

function valuesOf(name: string, headers: readonly string[]): string[] {
  return headers.flatMap((header) => {
    const colon = header.indexOf(':');
    return header.slice(0, colon).toLowerCase() === name ? [header.slice(colon + 1).trim()] : [];
  });
}
