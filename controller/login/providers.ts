/**
 * The identity providers of an organisation as OIDC clients: discovered when first needed and kept for ten minutes, or
 * until the document changes.
 */
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ClientAuth,
  type Configuration,
} from 'openid-client';
import type { ControllerContext, Organisation } from '../context.ts';
import { clientSecretOf } from '../organisation/apply-document.ts';
import type { StoredDocument } from '../organisation/organisation-state.ts';
import { providerFetch, providerTimeoutS } from './provider-fetch.ts';

const keptMs = 10 * 60_000;

export type ProviderDefinition = NonNullable<StoredDocument['identityProviders']>[number];

export interface Provider {
  readonly definition: ProviderDefinition;
  readonly client: Configuration;
}

interface Kept {
  readonly revision: number;
  readonly untilMs: number;
  readonly provider: Promise<Provider>;
}

export class Providers {
  readonly #context: ControllerContext;
  readonly #kept = new Map<string, Kept>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /**
   * The provider with this name; undefined when the document has none. Rejects when it cannot be reached or does not
   * answer as the issuer it is said to be; the next call then tries again.
   */
  async find(organisation: Organisation, name: string): Promise<Provider | undefined> {
    const { revision, document } = await organisation.reader.current();
    const definition = document.identityProviders?.find((each) => each.name === name);
    if (definition === undefined) return undefined;
    const key = `${organisation.id} ${name}`;
    const nowMs = this.#context.now();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.revision === revision && kept.untilMs > nowMs) return kept.provider;
    const provider = this.#discover(organisation, definition);
    this.#kept.set(key, { revision, untilMs: nowMs + keptMs, provider });
    provider.catch(() => this.#kept.delete(key));
    return provider;
  }

  async #discover(organisation: Organisation, definition: ProviderDefinition): Promise<Provider> {
    const { issuer, clientId, name, ca } = definition;
    const secret = await clientSecretOf(organisation.store, this.#context.secretKey, name);
    if (secret === undefined) throw new Error(`the provider ${name} has no client secret`);
    const client = await discovery(new URL(issuer), clientId, undefined, clientAuth(secret), {
      [customFetch]: providerFetch(this.#context.mayReach, ca),
      timeout: providerTimeoutS,
      execute: [
        // An ID token counts by its signature, not by the connection it came over (SEC-G4).
        enableNonRepudiationChecks,
        // The document's check lets plain http through for loopback only.
        ...(issuer.startsWith('http:') ? [allowInsecureRequests] : []),
      ],
    });
    return { definition, client };
  }
}

/** By header, as every provider must offer, unless this one says that it takes only the form (RFC 6749 section 2.3.1). */
function clientAuth(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const byForm = methods !== undefined && !methods.includes('client_secret_basic');
    return (byForm ? post : basic)(server, ...rest);
  };
}
