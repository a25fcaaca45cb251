/**
 * The headers under which everything of the controller is seen by a browser (SEC-J4): nothing from elsewhere, nothing
 * inline, no frames, no referrer. A page runs the scripts that carry the nonce of its own answer, and what those load;
 * everything that is no page runs nothing at all.
 */
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Before any route is added. `secure`: the controller is reached over https. */
export async function installSecurityHeaders(
  app: FastifyInstance,
  { secure }: { readonly secure: boolean },
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    hsts: secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    frameguard: { action: 'deny' },
  });
}

/** The content security policy of a page. @param nonce of this answer alone, base64 */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join(';');
}
