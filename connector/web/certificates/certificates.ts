/**
 * The certificates a connector answers browsers with, one source for each hostname: files where there are any, else the ACME
 * CA where one is named, else the controller's built-in authority; or the one that the resource says.
 */
import type { SecureContext } from 'node:tls';
import { isWildcard, type Pattern } from '../../../protocol/names.ts';
import type { HostCertificate } from '../../../protocol/web-messages.ts';
import type { ConnectorWeb } from '../../../protocol/web-resource.ts';
import type { AcmeCertificates } from './acme-certificates.ts';
import type { BuiltInCertificates } from './built-in.ts';
import type { CertificateFiles } from './certificate-files.ts';
import type { PeerAnswer } from './peer-messages.ts';

/** The controller is told of so many at most. */
const mostReported = 1_000;

export interface CertificatesOptions {
  readonly files: CertificateFiles | undefined;
  readonly acme: AcmeCertificates | undefined;
  readonly builtIn: BuiltInCertificates;
  /** Epoch milliseconds. */
  nowMs(this: void): number;
  /** What serves this host or wildcard; undefined when it is not this connector's to serve. */
  served(this: void, host: string): ServedHost | undefined;
}

/** A hostname of the network. */
export interface ServedHost {
  /** By which it is served: itself, or the wildcard above it. */
  readonly pattern: Pattern;
  readonly web: ConnectorWeb;
}

type Source = HostCertificate['from'];

export class Certificates {
  readonly #options: CertificatesOptions;
  #patterns: readonly string[] = [];

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** Undefined when there is no certificate for this name. Never rejects. */
  async contextFor(host: string): Promise<SecureContext | undefined> {
    const { files, acme, builtIn, served } = this.#options;
    const found = served(host);
    if (found === undefined) return undefined;
    const source = this.#sourceOf(host, found);
    if (source === 'file') return files?.find(host)?.context;
    if (source === 'built-in') return builtIn.contextFor(host);
    return acme?.contextFor(acme.nameFor(host, isWildcard(found.pattern)));
  }

  /** The hostnames there are now: looks after those that a CA certifies, for which no controller is needed. */
  watch(patterns: readonly string[]): void {
    this.#patterns = patterns;
    this.#options.acme?.follow(this.#of('acme'));
  }

  /** The same, and asks the controller's authority for what is missing of its own. */
  async follow(patterns: readonly string[]): Promise<void> {
    this.watch(patterns);
    await this.#options.builtIn.prepare(this.#of('built-in').filter((name) => !isWildcard(name as Pattern)));
  }

  /** What another connector of the network, with this node key, is told; undefined for a name that is none of this network. */
  answer(name: string, peerKey: Buffer): PeerAnswer | undefined {
    if (this.#options.served(name) === undefined) return undefined;
    return this.#options.acme?.answer(name, peerKey) ?? { state: 'none' };
  }

  /** What each hostname is served with, as the controller is told. */
  report(): HostCertificate[] {
    const { files, acme, builtIn, nowMs } = this.#options;
    const named = [
      ...this.#of('file').map((host) => fromFile(host, files, nowMs())),
      ...this.#of('built-in')
        .filter((host) => !isWildcard(host as Pattern))
        .map((host) => builtIn.report(host)),
    ];
    const ordered = acme?.report() ?? this.#of('acme').map(withoutCa);
    return [...named, ...ordered].slice(0, mostReported);
  }

  close(): void {
    this.#options.acme?.close();
    this.#options.files?.close();
  }

  #of(source: Source): readonly string[] {
    return this.#patterns.filter((pattern) => {
      const found = this.#options.served(pattern);
      return found !== undefined && this.#sourceOf(pattern, found) === source;
    });
  }

  #sourceOf(host: string, { web }: ServedHost): Source {
    const { files, acme } = this.#options;
    if (web.certificate !== undefined) return web.certificate;
    if (files?.find(host) !== undefined) return 'file';
    return acme === undefined ? 'built-in' : 'acme';
  }
}

function withoutCa(host: string): HostCertificate {
  const problem =
    'its resource wants a certificate of an ACME CA, and this connector has none: give --acme-directory';
  return { host, from: 'acme', state: 'none', problem };
}

function fromFile(host: string, files: CertificateFiles | undefined, nowMs: number): HostCertificate {
  const found = files?.find(host);
  const file = found?.file ?? `${host.replace(/^\*/, '_')}.pem`;
  const missing = found === undefined ? `there is no ${file} in the folder of --web-certs` : found.problem;
  const certificate = found?.certificate;
  if (certificate === undefined)
    return { host, from: 'file', state: 'none', ...(missing === undefined ? {} : { problem: missing }) };
  const endsMs = Date.parse(certificate.validTo);
  // A name below a wildcard stands for all of them.
  const isForHost = certificate.checkHost(host.replace(/^\*/, 'any')) !== undefined;
  const refused =
    (isForHost ? undefined : `browsers refuse ${file}: it is not for ${host}`) ??
    (nowMs < endsMs
      ? undefined
      : `browsers refuse ${file}: it ended on ${new Date(endsMs).toISOString().slice(0, 10)}`);
  const problem = refused ?? missing;
  return {
    host,
    from: 'file',
    state: refused === undefined ? 'ready' : 'failed',
    until: Math.floor(endsMs / 1_000),
    issuer: certificate.issuer.replaceAll('\n', ', ').slice(0, 256),
    ...(problem === undefined ? {} : { problem: problem.slice(0, 512) }),
  };
}
