/**
 * Certificates of the controller's built-in authority, which is for trials: browsers trust it only where somebody made them.
 * Keys are made here, kept 0600, and go nowhere.
 */
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { StateDirectory } from '../../../protocol/node/state-directory.ts';
import type { HostCertificate } from '../../../protocol/web-messages.ts';
import type { ControllerCalls } from '../controller-calls.ts';

const file = 'web-certificates.json';
/** A connector holds at most this many of the built-in authority. */
const maxIssued = 1_000;
/** After a refusal the controller is not asked again for the same name for so long. */
const refusedMs = 30_000;

interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface BuiltInCertificatesOptions {
  readonly state: StateDirectory;
  readonly calls: Pick<ControllerCalls, 'certify'>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  readonly changed: () => void;
  /** A certificate could not be written down; it is served for as long as this process runs. */
  readonly notKept: () => void;
}

export class BuiltInCertificates {
  readonly #options: BuiltInCertificatesOptions;
  readonly #issued: Map<string, Issued>;
  readonly #contexts = new Map<string, { readonly cert: string; readonly context: SecureContext }>();
  readonly #asking = new Map<string, Promise<Issued | undefined>>();
  readonly #refusedAt = new Map<string, number>();

  constructor(options: BuiltInCertificatesOptions) {
    this.#options = options;
    const kept = (options.state.readJson(file) as Record<string, Issued> | undefined) ?? {};
    this.#issued = new Map(Object.entries(kept));
  }

  /** Undefined when there is no certificate for this name. Never rejects. */
  async contextFor(host: string): Promise<SecureContext | undefined> {
    const held = this.#issued.get(host);
    const issued =
      held !== undefined && !isOver(held, this.#options.nowMs()) ? held : await this.#issue(host);
    return issued === undefined ? undefined : this.#contextOf(host, issued);
  }

  /** Renews what is in the last third of its life, and asks for what is missing of `hosts`. */
  async prepare(hosts: readonly string[]): Promise<void> {
    for (const host of hosts) {
      const held = this.#issued.get(host);
      if (held === undefined || isOld(held, this.#options.nowMs())) await this.#issue(host);
    }
  }

  /** What `host` is served with. */
  report(host: string): HostCertificate {
    const issued = this.#issued.get(host);
    if (issued === undefined) return { host, from: 'built-in', state: 'none' };
    const { validTo, issuer } = new X509Certificate(issued.cert);
    return {
      host,
      from: 'built-in',
      state: 'ready',
      until: Math.floor(Date.parse(validTo) / 1_000),
      issuer: issuer.replaceAll('\n', ', ').slice(0, 256),
    };
  }

  #issue(host: string): Promise<Issued | undefined> {
    const under = this.#asking.get(host);
    if (under !== undefined) return under;
    const refusedAt = this.#refusedAt.get(host);
    const { nowMs } = this.#options;
    const isRecent = refusedAt !== undefined && nowMs() - refusedAt < refusedMs;
    if (isRecent || this.#issued.size >= maxIssued) return Promise.resolve(undefined);
    const asking = this.#ask(host).finally(() => this.#asking.delete(host));
    this.#asking.set(host, asking);
    return asking;
  }

  async #ask(host: string): Promise<Issued | undefined> {
    const { calls, state, nowMs, changed, notKept } = this.#options;
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
    const cert = await calls.certify(host, spki.toString('base64url'));
    if (cert === undefined || !belongs(cert, spki)) {
      this.#refusedAt.set(host, nowMs());
      return undefined;
    }
    this.#refusedAt.delete(host);
    const key = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    this.#issued.set(host, { cert, key });
    if (!state.keepJson(file, Object.fromEntries(this.#issued))) notKept();
    changed();
    return { cert, key };
  }

  #contextOf(host: string, { cert, key }: Issued): SecureContext {
    const last = this.#contexts.get(host);
    if (last?.cert === cert) return last.context;
    const context = createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
    this.#contexts.set(host, { cert, context });
    return context;
  }
}

function belongs(cert: string, spki: Buffer): boolean {
  try {
    const own = createPublicKey(cert).export({ format: 'der', type: 'spki' });
    return own.equals(spki);
  } catch {
    return false;
  }
}

function isOver({ cert }: Issued, nowMs: number): boolean {
  return Date.parse(new X509Certificate(cert).validTo) <= nowMs;
}

function isOld({ cert }: Issued, nowMs: number): boolean {
  const { validFrom, validTo } = new X509Certificate(cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return to - nowMs < (to - from) / 3;
}
