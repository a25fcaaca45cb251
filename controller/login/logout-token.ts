/**
 * Logout tokens of a provider (OpenID Connect Back-Channel Logout 1.0 section 2.6): whose sessions it wants ended, once
 * everything about the token is as it must be. An ID token, or any other token of the provider, is none.
 */
import { createRemoteJWKSet, customFetch, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { ControllerContext } from '../context.ts';
import { providerFetch, providerTimeoutS } from './provider-fetch.ts';
import type { Provider } from './providers.ts';

const event = 'http://schemas.openid.net/event/backchannel-logout';
/** Signatures that a provider may use; never `none`, never one that its client secret could make. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** Its own type, or the ones of providers from before there was one; what it is shows in its event, not in its type. */
const types = new Set([undefined, 'jwt', 'logout+jwt', 'application/logout+jwt']);
const leewayS = 60;
/** A token comes straight from the provider. */
const maxAgeS = 10 * 60;
const maxText = 255;
/** Once in this time, at most, an unknown key makes us look at the provider's keys again. */
const keyCooldownMs = 30_000;

/** Whose sessions end: those of one sign-in at the provider, or all of a subject. */
export interface LogoutRequest {
  readonly subject: string | undefined;
  readonly providerSession: string | undefined;
  readonly jti: string;
  /** When a replay of it would be refused for its age alone, epoch ms. */
  readonly untilMs: number;
}

export class LogoutTokens {
  readonly #context: ControllerContext;
  readonly #keys = new WeakMap<Provider, JWTVerifyGetKey>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /** What a token asks for. Throws an Error that says what is wrong with it, for the log. */
  async verify(provider: Provider, token: string): Promise<LogoutRequest> {
    const { issuer, clientId } = provider.definition;
    const nowMs = this.#context.now();
    const listed = provider.client.serverMetadata().id_token_signing_alg_values_supported;
    const { payload, protectedHeader } = await jwtVerify(token, this.#keysOf(provider), {
      issuer,
      audience: clientId,
      algorithms: algorithms.filter((alg) => listed === undefined || listed.includes(alg)),
      clockTolerance: leewayS,
      currentDate: new Date(nowMs),
    });
    if (!types.has(protectedHeader.typ?.toLowerCase())) throw new Error('it is a token of another type');
    const { iat, exp, jti, sub, sid, nonce, events } = payload;
    if (iat === undefined || Math.abs(nowMs / 1_000 - iat) > maxAgeS)
      throw new Error('it was issued long ago, in time to come, or does not say when');
    if (!isShortText(jti)) throw new Error('it has no id');
    if (nonce !== undefined) throw new Error('it has a nonce');
    if (!isObject(events) || !isObject(events[event])) throw new Error('it tells of no logout');
    if (sub === undefined && sid === undefined) throw new Error('it names nobody');
    if ((sub !== undefined && !isShortText(sub)) || (sid !== undefined && !isShortText(sid)))
      throw new Error('whom it names cannot be read');
    const lastS = Math.max(exp ?? 0, iat + maxAgeS) + leewayS;
    return {
      subject: sub,
      providerSession: typeof sid === 'string' ? sid : undefined,
      jti,
      untilMs: lastS * 1_000,
    };
  }

  #keysOf(provider: Provider): JWTVerifyGetKey {
    const known = this.#keys.get(provider);
    if (known !== undefined) return known;
    const { jwks_uri: place } = provider.client.serverMetadata();
    if (place === undefined) throw new Error('the provider publishes no keys');
    const fetch = providerFetch(this.#context.mayReach, provider.definition.ca);
    const keys = createRemoteJWKSet(new URL(place), {
      timeoutDuration: providerTimeoutS * 1_000,
      cooldownDuration: keyCooldownMs,
      [customFetch]: (url, options) =>
        fetch(url, {
          method: options.method,
          headers: Object.fromEntries(options.headers),
          body: null,
          redirect: 'manual',
          signal: options.signal,
        }),
    });
    this.#keys.set(provider, keys);
    return keys;
  }
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxText;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
