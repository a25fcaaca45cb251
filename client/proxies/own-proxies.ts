/** The proxies of a client, SOCKS5 and HTTP CONNECT, each where one was asked for: both serve the same names. */
import { isWildcard, parseName } from '../../protocol/names.ts';
import type { Names } from '../accounts/names.ts';
import type { OpenDatagrams } from '../flows/open-flow.ts';
import { OwnOrPublic, type OwnOrPublicOptions } from './own-or-public.ts';
import { serveProxy, type ProxyServer } from './proxy-server.ts';

/** An address and port of loopback. */
export interface Listen {
  readonly address: string;
  readonly port: number;
}

export interface OwnProxiesOptions extends Omit<OwnOrPublicOptions, 'names'> {
  readonly socks?: Listen | undefined;
  readonly httpProxy?: Listen | undefined;
  /** Whose connections are served. */
  readonly uids: readonly number[];
  readonly openDatagrams: OpenDatagrams;
  /** What the PAC file leads here, and whose a name is. */
  names(): Pick<Names, 'standing' | 'zones' | 'webNames'>;
}

export class OwnProxies {
  readonly #options: OwnProxiesOptions;
  readonly #ways: OwnOrPublic;
  #socks: ProxyServer | undefined;
  #http: ProxyServer | undefined;

  constructor(options: OwnProxiesOptions) {
    this.#options = options;
    this.#ways = new OwnOrPublic(options);
  }

  get socksPort(): number | undefined {
    return this.#socks?.port;
  }

  get httpPort(): number | undefined {
    return this.#http?.port;
  }

  /** Rejects with a Fault where one cannot listen. */
  async start(): Promise<void> {
    const { socks, httpProxy } = this.#options;
    if (socks !== undefined) this.#socks = await this.#serve('socks', socks);
    if (httpProxy !== undefined) this.#http = await this.#serve('http', httpProxy);
  }

  close(): void {
    this.#socks?.close();
    this.#http?.close();
  }

  #serve(kind: 'socks' | 'http', listen: Listen): Promise<ProxyServer> {
    const { socks, uids, openDatagrams } = this.#options;
    return serveProxy({
      kind,
      ...listen,
      uids: new Set(uids),
      openFlow: this.#ways.open,
      openDatagrams,
      pac: () => {
        const { zones, webNames } = this.#options.names();
        const port = this.socksPort;
        this.#ways.send(webNames);
        return {
          zones,
          hostnames: webNames.flatMap((pattern) => (isWildcard(pattern) ? [] : (parseName(pattern) ?? []))),
          suffixes: webNames.flatMap((pattern) =>
            isWildcard(pattern) ? (parseName(pattern.slice(2)) ?? []) : [],
          ),
          socks: port === undefined ? undefined : `${socks?.address ?? ''}:${port}`,
        };
      },
    });
  }
}
