/** What anyone may ask: what this controller is, whether it lives and is ready, and how its API looks. */
import { Type } from 'typebox';
import { discoveryPath, Discovery } from '../../../protocol/discovery.ts';
import { encodeKey } from '../../../protocol/keys.ts';
import { protocolVersion } from '../../../protocol/version.ts';
import type { ControllerContext } from '../../context.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const config = { access: 'public', unbounded: true } as const;
const Ok = Type.Object({ ok: Type.Literal(true) });

export function discoveryRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    discoveryPath,
    {
      config,
      schema: {
        summary: 'What this controller is, for nodes and people that meet it',
        response: { 200: Discovery },
      },
    },
    async (_request, reply): Promise<Discovery> => {
      void reply.header('cache-control', 'no-store');
      const { card, token } = await context.card();
      return {
        schema: 'postern.configuration/v1',
        issuer: card.iss,
        root: encodeKey(context.keys.root.key.publicKey),
        card: token,
        protocols: [protocolVersion],
      };
    },
  );
  app.get(
    '/livez',
    { config, schema: { summary: 'Whether the process lives', response: { 200: Ok } } },
    async () => ({ ok: true as const }),
  );
  app.get(
    '/readyz',
    {
      config: { ...config, problems: ['unavailable'] },
      schema: { summary: 'Whether it can serve now', response: { 200: Ok } },
    },
    async () => {
      if (context.isLeaving) throw new ProblemError('unavailable', 'The controller is shutting down.');
      try {
        await context.store.ping();
      } catch {
        throw new ProblemError('unavailable', 'The store does not answer.');
      }
      return { ok: true as const };
    },
  );
  app.get(
    '/api/openapi.json',
    { config, schema: { summary: 'This document', response: { 200: Type.Unknown() } } },
    async () => app.swagger(),
  );
}
