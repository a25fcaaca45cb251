/**
 * This connector's account at an ACME CA (RFC 8555). Its key is made here, kept 0600 in the state directory, and sent to
 * nobody: whoever has it could get certificates that CAA records keep for this account.
 */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { Client } from 'acme-client';
import type { StateDirectory } from '../../../protocol/node/state-directory.ts';
import { permitDirectory, sendToDirectory } from './acme-http.ts';
import { AcmeProblem } from './acme-problem.ts';

export interface AcmeSettings {
  /** The CA's directory, https. Whoever gives it agrees to the CA's terms of service. */
  readonly directory: URL;
  /** An e-mail address for the CA. */
  readonly contact?: string;
  /** PEM of the authority of a private directory; the system's authorities unless given. */
  readonly ca?: string;
  /** External account binding (RFC 8555 section 7.3.4): the key as base64url. */
  readonly binding?: { readonly keyId: string; readonly hmacKey: string };
  /** A program for DNS-01 (`dns-hook.ts`); without one validations are by TLS-ALPN-01. */
  readonly dnsHook?: string;
}

/** An account that the CA knows. */
export interface OpenAccount {
  readonly client: Client;
  readonly uri: string;
  /** The CA as CAA records name it. */
  readonly ca: string;
}

const file = 'acme-accounts.json';
/** How acme-client asks whether the CA is done: by doubling, so for about a minute. */
const askAgain = { backoffAttempts: 16, backoffMin: 400, backoffMax: 5_000 };

interface KeptAccount {
  readonly key: string;
  /** Undefined before the CA has answered. */
  readonly uri?: string;
}

export class AcmeAccount {
  readonly #settings: AcmeSettings;
  readonly #state: StateDirectory;
  #opening: Promise<OpenAccount> | undefined;
  #open: OpenAccount | undefined;

  constructor(settings: AcmeSettings, state: StateDirectory) {
    this.#settings = settings;
    this.#state = state;
  }

  /** Undefined before `open` was through. */
  get known(): OpenAccount | undefined {
    return this.#open;
  }

  /** Makes the key and the account where there are none. Rejects with an AcmeProblem; to be called again then. */
  open(): Promise<OpenAccount> {
    this.#opening ??= this.#register().then(
      (open) => {
        this.#open = open;
        return open;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  /**
   * The CA does not know the account any more: the next `open` registers it anew, with the same key. Where that cannot be
   * written down it asks as before, and hears the same.
   */
  forget(): void {
    const accounts = this.#read();
    const kept = accounts[this.#id];
    if (kept !== undefined) this.#state.keepJson(file, { ...accounts, [this.#id]: { key: kept.key } });
    this.#opening = undefined;
    this.#open = undefined;
  }

  get #id(): string {
    return this.#settings.directory.href;
  }

  async #register(): Promise<OpenAccount> {
    const { directory, ca, contact, binding } = this.#settings;
    const { key, uri: knownUri } = this.#kept();
    const acme = await import('acme-client');
    permitDirectory(directory, ca);
    acme.axios.defaults.adapter = sendToDirectory as NonNullable<typeof acme.axios.defaults.adapter>;
    const { data } = await acme.axios.get<{ meta?: { caaIdentities?: unknown } }>(directory.href);
    const client = new acme.Client({
      directoryUrl: directory.href,
      accountKey: key,
      ...(knownUri === undefined ? {} : { accountUrl: knownUri }),
      ...(binding === undefined
        ? {}
        : { externalAccountBinding: { kid: binding.keyId, hmacKey: binding.hmacKey } }),
      ...askAgain,
    });
    if (knownUri === undefined) await this.#create(client, contact);
    const uri = client.getAccountUrl();
    // Where it is not kept, the CA names it again.
    if (uri !== knownUri) this.#state.keepJson(file, { ...this.#read(), [this.#id]: { key, uri } });
    return { client, uri, ca: identityIn(data.meta?.caaIdentities) ?? directory.hostname };
  }

  async #create(client: Client, contact: string | undefined): Promise<void> {
    try {
      await client.createAccount({
        termsOfServiceAgreed: true,
        ...(contact === undefined ? {} : { contact: [`mailto:${contact}`] }),
      });
    } catch (error) {
      const isBound = this.#settings.binding !== undefined && error instanceof AcmeProblem;
      if (!isBound || error.kind === 'unreachable') throw error;
      throw new AcmeProblem(
        'accountBinding',
        `the CA gave no account (${error.message})`,
        error.retryAfterMs,
      );
    }
  }

  /** The key is on disk before the CA sees it: an account whose key was lost could not be used again. */
  #kept(): KeptAccount {
    const accounts = this.#read();
    const known = accounts[this.#id];
    if (known !== undefined) {
      if (!isKey(known.key)) throw this.#damaged();
      return known;
    }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const made = { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    this.#state.writeJson(file, { ...accounts, [this.#id]: made });
    return made;
  }

  #read(): Record<string, KeptAccount> {
    try {
      return (this.#state.readJson(file) as Record<string, KeptAccount> | undefined) ?? {};
    } catch {
      throw this.#damaged();
    }
  }

  /** Never replaced by itself: another key is another account, which CAA records may shut out. */
  #damaged(): AcmeProblem {
    return new AcmeProblem(
      'state',
      `${this.#state.path}/${file} is damaged: restore it from a backup, or remove it for a new account and set the CAA record anew`,
    );
  }
}

function isKey(pem: unknown): boolean {
  try {
    return typeof pem === 'string' && createPrivateKey(pem).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}

function identityIn(identities: unknown): string | undefined {
  const [first] = Array.isArray(identities) ? (identities as unknown[]) : [];
  return typeof first === 'string' && first !== '' ? first : undefined;
}
