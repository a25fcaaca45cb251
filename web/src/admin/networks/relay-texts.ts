/** How a relay is started: the same in a shell and in a container, at the address that nodes will reach it by. */
export interface RelayStarted {
  readonly key: string;
  /** The relay's own address. */
  readonly url: URL;
  /** The controller's. */
  readonly controller: string;
  readonly image: string;
}

/** What is wrong with an address for a relay; undefined where nothing is. */
export function addressFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '')
    return 'An address such as https://relay2.acme.example:8444.';
  if (url.protocol === 'http:' && !/(^|\.)localhost$/.test(url.hostname))
    return 'Without TLS a relay listens on its own machine alone: begin with https.';
  return undefined;
}

export function relayShellText({ key, url, controller }: RelayStarted): string {
  return `postern relay --listen ${listenAt(url)} --public-url ${url.origin} --controller ${controller} --key ${key} --state /var/lib/postern-relay`;
}

export function relayDockerText({ key, url, controller, image }: RelayStarted): string {
  const port = portOf(url);
  return [
    'docker run -d --name postern-relay --restart unless-stopped --init',
    '  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true',
    `  --health-cmd 'node deploy/healthcheck.mjs https://127.0.0.1:${port}/readyz' --stop-timeout 20`,
    `  -p ${port}:${port} -v postern-relay:/data -e POSTERN_KEY=${key}`,
    `  ${image} relay --listen=0.0.0.0:${port} --public-url=${url.origin} --controller=${controller} --state=/data`,
  ].join(' \\\n');
}

function listenAt(url: URL): string {
  return `${url.protocol === 'http:' ? '127.0.0.1' : '0.0.0.0'}:${portOf(url)}`;
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
