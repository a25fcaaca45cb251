/**
 * Makes the data of a controller of this version, small and complete, to be kept beside this file and opened by every
 * later version. Run once for a version whose schema differs from the last one kept; what is there is never made anew:
 *
 *   node test/stores/make.ts test/stores/0.1.0
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secretBytes } from '../../protocol/keys.ts';
import { recordSignIn } from '../../controller/login/record-sign-in.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testController } from '../controller/support/controller.ts';
import { TestNode } from '../controller/support/node.ts';

/** What a test needs to know of the data: nothing of it is anybody's secret. */
export interface KeptStore {
  readonly apiToken: string;
  /** Epoch milliseconds at which it was made. */
  readonly madeMs: number;
  readonly connector: { readonly id: string; readonly machineKey: string; readonly nodeKey: string };
  readonly device: string;
  readonly endedSession: string;
  readonly personSession: string;
}

const [, , directory] = process.argv;
if (import.meta.main) {
  if (directory === undefined || existsSync(directory))
    throw new Error('give a folder that is not there yet');
  await make(directory);
}

async function make(folder: string): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  const controller = await testController({ after: (done) => undo.push(done) }, { directory: folder });
  const { context, time } = controller;
  const applied = await controller.call('PUT', '/api/v1/document', acmeDocument());
  if (applied.statusCode !== 200) throw new Error(applied.body);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq'), name: 'hq-1' });
  await TestNode.enrolled(controller, 'relay');
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci'), name: 'ci-runner' });
  await device.until((message) => message.t === 'grants' && message.list.length > 0);
  const endedSession = (device.snapshot as DeviceSnapshot).session.id;
  await controller.call('DELETE', `/api/v1/sessions/${endedSession}`);
  const { cookie } = await recordSignIn(context, context.organisation(context.firstOrganisation), {
    issuer: 'https://idp.acme.example',
    provider: 'corp',
    identity: {
      subject: 'a1',
      name: 'Alice Example',
      email: 'alice@acme.example',
      groups: ['staff'],
      authMs: time.ms,
      amr: ['pwd'],
    },
    address: '203.0.113.9',
  });
  const kept: KeptStore = {
    apiToken: await controller.token('admin'),
    madeMs: time.ms,
    connector: {
      id: connector.id,
      machineKey: toBase64Url(secretBytes(connector.machineKey)),
      nodeKey: toBase64Url(secretBytes(connector.nodeKey)),
    },
    device: device.id,
    endedSession,
    personSession: cookie,
  };
  for (const done of undo.toReversed()) await done();
  await writeFile(join(folder, 'kept.json'), `${JSON.stringify(kept, null, 2)}\n`);
}
