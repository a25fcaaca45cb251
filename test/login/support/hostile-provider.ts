/**
 * An OpenID provider that says whatever the case tells it to: it speaks the protocol in order until one thing is changed,
 * so that exactly this thing is what is refused. On loopback, without TLS; counts who asks for what.
 */
import { once } from 'node:events';
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { IdentityProviderDocument } from '../../../protocol/organisation-document.ts';
import type { TestProvider } from './provider.ts';

type Json = Record<string, unknown>;

export interface SigningPair {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: Json;
}

/** What one answer of the provider differs in. */
export interface Case {
  /** Changed claims of the ID token; undefined takes one out. */
  readonly claims?: Json;
  /** Changed header of the ID token. */
  readonly header?: Json;
  /** Another way to make the token from its parts. */
  readonly token?: (header: Json, claims: Json) => string | Promise<string>;
  /** Which key signs. */
  readonly signer?: SigningPair;
  readonly jwks?: readonly Json[];
  readonly userInfo?: Json;
  /** Changed answer of the token endpoint. */
  readonly answer?: Json;
  readonly metadata?: Json;
}

export function newPair(kid: string): SigningPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } };
}

export const unsigned = (header: Json, claims: Json): string => `${part(header)}.${part(claims)}.`;

export function part(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export class HostileProvider {
  readonly issuer: string;
  readonly name: string;
  readonly pair = newPair('one');
  case: Case = {};
  /** The nonce that the relying party sent with the attempt at hand. */
  nonce = '';
  /** Paths that were asked for, oldest first. */
  readonly asked: string[] = [];
  /** The bodies that the token endpoint got. */
  readonly redeemed: URLSearchParams[] = [];
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    this.issuer = `http://${name}.localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', (request: IncomingMessage, response) => {
      void this.#answer(request).then((body) => {
        response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body ?? {}));
      });
    });
  }

  static async start(
    test: { after(done: () => Promise<void>): void },
    name: string,
  ): Promise<HostileProvider> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const provider = new HostileProvider(name, server);
    test.after(async () => {
      provider.#server.closeAllConnections();
      provider.#server.close();
      await once(provider.#server, 'close');
    });
    return provider;
  }

  get document(): IdentityProviderDocument {
    const { name, issuer } = this;
    return { name, issuer, clientId: 'postern', clientSecret: `secret of ${name}`, groupsClaim: 'groups' };
  }

  /** As the portal of the tests takes providers. */
  get provider(): TestProvider {
    return { issuer: this.issuer, document: this.document, ca: '', setPeople: async () => undefined };
  }

  count(path: string): number {
    return this.asked.filter((each) => each === path).length;
  }

  async #answer(request: IncomingMessage): Promise<Json | undefined> {
    const { pathname } = new URL(request.url ?? '', this.issuer);
    this.asked.push(pathname);
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return {
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/jwks`,
          userinfo_endpoint: `${this.issuer}/userinfo`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          ...this.case.metadata,
        };
      case '/jwks':
        return { keys: this.case.jwks ?? [this.pair.jwk] };
      case '/token':
        this.redeemed.push(new URLSearchParams(await text(request)));
        return {
          access_token: 'an-access-token',
          token_type: 'Bearer',
          expires_in: 600,
          id_token: await this.#idToken(),
          ...this.case.answer,
        };
      case '/userinfo':
        return this.case.userInfo ?? { sub: 'm1' };
      default:
        return undefined;
    }
  }

  async #idToken(): Promise<string> {
    const nowS = Math.floor(Date.now() / 1_000);
    const claims: Json = {
      iss: this.issuer,
      sub: 'm1',
      aud: 'postern',
      iat: nowS,
      exp: nowS + 300,
      nonce: this.nonce,
      auth_time: nowS,
      name: 'Mallory Example',
      email: 'mallory@acme.example',
      email_verified: true,
      groups: ['staff'],
      ...this.case.claims,
    };
    const signer = this.case.signer ?? this.pair;
    const header: Json = { alg: 'RS256', kid: signer.kid, typ: 'JWT', ...this.case.header };
    if (this.case.token !== undefined) return this.case.token(header, claims);
    return signWith(signer, header, claims);
  }
}

/** A token with this very header and these claims, signed by RS256 whatever the header says. */
export function signWith({ privateKey }: SigningPair, header: Json, claims: Json): string {
  const content = `${part(header)}.${part(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), privateKey).toString('base64url')}`;
}

/** OpenID Connect Core section 3.1.3.6, for RS256. */
export function atHash(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
}
