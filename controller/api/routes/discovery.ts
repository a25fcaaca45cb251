/** What anyone may ask: what this controller is, whether it lives and is ready, and how its API looks. */
import { Type } from 'typebox';
import { discoveryPath, type Discovery } from '../../../protocol/discovery.ts';
import { encodeKey } from '../../../protocol/keys.ts';
import { protocolVersion } from '../../../protocol/version.ts';
import type { ControllerContext } from '../../context.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const config = { access: 'public' } as const;

export function discoveryRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(discoveryPath, { config, schema: { hide: true } }, async (_request, reply): Promise<Discovery> => {
    void reply.header('cache-control', 'no-store');
    const { card, token } = await context.card();
    return {
      schema: 'postern.configuration/v1',
      issuer: card.iss,
      root: encodeKey(context.keys.root.key.publicKey),
      card: token,
      protocols: [protocolVersion],
    };
  });
  app.get('/livez', { config, schema: { hide: true } }, async () => ({ ok: true }));
  app.get('/readyz', { config, schema: { hide: true } }, async () => {
    try {
      await context.store.ping();
    } catch {
      throw new ProblemError('unavailable', 'The store does not answer.');
    }
    return { ok: true };
  });
  app.get(
    '/api/openapi.json',
    { config, schema: { hide: true, response: { 200: Type.Unknown() } } },
    async () => app.swagger(),
  );
}
