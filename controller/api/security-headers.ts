/**
 * The headers under which everything of the controller is seen by a browser (SEC-J4): nothing from elsewhere, nothing
 * inline, no frames, no referrer.
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
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'connect-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    hsts: secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    frameguard: { action: 'deny' },
  });
}
