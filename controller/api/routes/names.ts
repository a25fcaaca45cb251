/** The names that an organisation has to prove, where a controller serves several: which record, and what became of it. */
import { Type } from 'typebox';
import { NameProof } from '../../../protocol/name-proofs.ts';
import type { ControllerContext, Organisation } from '../../context.ts';
import { recordFor, systemTexts } from '../../operator/asked-names.ts';
import { proofOf } from '../../operator/name-proofs.ts';
import { NameProver } from '../../operator/name-prover.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';
import { documentWriting } from './put-into-force.ts';

export function nameRoutes(app: TypedApp, context: ControllerContext, texts = systemTexts()): void {
  const prover = new NameProver(context, texts);
  app.addHook('onReady', async () => prover.start());
  app.addHook('onClose', async () => prover.stop());
  app.get(
    '/api/v1/names',
    {
      config: { access: ['hostnames.read'] },
      schema: {
        summary: 'Public hostnames and zones that work once they are proven; none where no name has to be',
        response: { 200: Type.Array(NameProof) },
      },
    },
    async (request) => shown(context.organisation(organisationOf(request))),
  );
  app.post(
    '/api/v1/names/look',
    {
      config: { atOnce: true, access: documentWriting },
      schema: {
        summary: 'Asks DNS now about those that wait, and answers as the list does',
        response: { 200: Type.Array(NameProof) },
      },
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      await prover.look(organisation.id, 'waiting');
      return shown(organisation);
    },
  );
}

async function shown({ id, store, reader }: Organisation): Promise<NameProof[]> {
  const { document } = await reader.current();
  const rows = await store.select('name_proofs').selectAll().orderBy('name').execute();
  return rows.map(({ name, state, looked_ms: lookedMs, missed_ms: missedMs }) => ({
    name,
    state,
    ...(proofOf(document, name) === 'first' ? {} : { record: recordFor(id, name) }),
    ...(lookedMs === null ? {} : { looked: new Date(lookedMs).toISOString() }),
    ...(missedMs === null ? {} : { missing: new Date(missedMs).toISOString() }),
  }));
}
