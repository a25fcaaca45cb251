/** Something of everything that an administrator should look at, written into a busy organisation as if it had come about. */
import { createApiToken } from '../../../controller/api-tokens.ts';
import { propose } from '../../../controller/organisation/proposals.ts';
import { newId } from '../../../protocol/ids.ts';
import type { TestPortal } from '../../login/support/portal.ts';
import { busyDocument } from './busy-organisation.ts';

const dayMs = 86_400_000;

/** One of each kind: what fails, waits and ends within two weeks. */
export async function makeTrouble({ context }: TestPortal): Promise<void> {
  const { store } = context.organisation(context.firstOrganisation);
  const nowMs = context.now();
  await store
    .insert('directories', {
      name: 'corp',
      heard_ms: nowMs,
      halted_ms: nowMs,
      allowed_until_ms: null,
    })
    .execute();
  await store.update('webhooks').set({ fault: 'It answered 500.' }).where('name', '=', 'chat').execute();
  await store.insert('mail_states', { sent_ms: null, fault: 'Nobody answers there.' }).execute();
  await store
    .update('posture_sources')
    .set({ heard_ms: nowMs, fault: 'It answered 500.' })
    .where('name', '=', 'mdm')
    .execute();
  const certificates = JSON.stringify([{ host: 'wiki.acme.example', from: 'acme', state: 'failed' }]);
  await store.update('nodes').set({ certificates }).where('kind', '=', 'connector').execute();
  const person = await store.select('people').select('id').executeTakeFirstOrThrow();
  await store
    .insert('access_requests', {
      id: newId('req', context.random(16)),
      person: person.id,
      resource: 'bastion',
      rule: 'prod-on-demand',
      break_glass: 0,
      reason: 'the disk of bastion is full',
      for_ms: 3_600_000,
      state: 'pending',
      created_ms: nowMs,
      answer_by_ms: nowMs + dayMs,
      until_ms: null,
      waives: '[]',
      ended_ms: null,
      ended_by: null,
    })
    .execute();
  await propose(context, store, busyDocument(), { changes: [], revision: 1, who: person.id });
  await createApiToken(store, 'auditor', {
    nowMs,
    random: context.random,
    who: 'test',
    name: 'reports',
    expiresMs: nowMs + 5 * dayMs,
  });
  await store
    .insert('directory_tokens', {
      id: newId('tok', context.random(16)),
      directory: 'corp',
      hash: 'x',
      created_ms: nowMs,
      created_by: person.id,
      expires_ms: nowMs + 3 * dayMs,
      used_ms: null,
    })
    .execute();
}
