/**
 * The two cookies of the controller's own pages: the browser's session, and what ties a sign-in to the browser that began
 * it. `__Host-` keeps other hosts from setting them; over plain http (a trial on loopback) no browser would take that.
 */
import { fastifyCookie } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

export type CookieKind = 'session' | 'signin';

/** A sign-in that began when the browser had no cookie yet has one of its own, named after it. */
export type CookieName = CookieKind | `signin-${string}`;

/** 32 random bytes in base64url. */
const valuePattern = /^[A-Za-z0-9_-]{43}$/;

export class Cookies {
  readonly #secure: boolean;

  constructor(publicUrl: URL) {
    this.#secure = publicUrl.protocol === 'https:';
  }

  /** Under which name this controller hands it out. */
  nameOf(kind: CookieName): string {
    return this.#secure ? `__Host-postern-${kind}` : `postern-${kind}`;
  }

  /** The value the browser sent; undefined when it sent none of the form that is handed out. */
  read(request: FastifyRequest, kind: CookieName): string | undefined {
    const header = request.headers.cookie;
    const value = header === undefined ? undefined : fastifyCookie.parse(header)[this.nameOf(kind)];
    return value !== undefined && valuePattern.test(value) ? value : undefined;
  }

  set(reply: FastifyReply, kind: CookieName, value: string, maxAgeS: number): void {
    const attributes = {
      path: '/',
      httpOnly: true,
      secure: this.#secure,
      sameSite: 'lax',
      maxAge: maxAgeS,
    } as const;
    void reply.header('set-cookie', fastifyCookie.serialize(this.nameOf(kind), value, attributes));
  }

  clear(reply: FastifyReply, kind: CookieName): void {
    this.set(reply, kind, '', 0);
  }
}
