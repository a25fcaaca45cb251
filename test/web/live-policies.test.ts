/** What the document, requests, passes and servers say of access, changed in the pages, with what it does to flows that are open. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import type { ServerEntry, SessionEntry } from '../../protocol/inventory.ts';
import type { PassEntry } from '../../protocol/passes.ts';
import { echoApplication } from '../controller/support/open-flow.ts';
import { freePort } from '../support/servers/free-port.ts';
import { cuts, does, opens } from './support/live-effects.ts';
import type { OpenFlow } from './support/live-flows.ts';
import { LiveWorld, type LiveDevice } from './support/live-world.ts';
import { undone } from './support/mutations.ts';

const world = await LiveWorld.start({ after });
const { page, theirs } = world;
let device: LiveDevice = await world.device();
let flow: OpenFlow = await world.reaches(device);

async function go(path: string, on = page): Promise<void> {
  await on.goto(`${world.origin}${path}`);
  await on.locator('h1').first().waitFor();
}

const press = (name: string | RegExp, on = page) => on.getByRole('button', { name }).last().click();
const dialog = () => page.getByRole('dialog').last();
const refused = () => world.isRefused(device);
const open = async () => (flow = await world.reaches(device));

/** Saves the review that is open, as the change of the document that it is. */
const save = async (): Promise<void> => {
  await dialog().getByText('What changes in the document').waitFor();
  await dialog().getByRole('button', { name: 'Save' }).click();
};
const see = () => press('See what it would do');
/** Undoes what was saved last, by the word at the edge. */
const undo = async (): Promise<void> => {
  await press('Undo');
};

/** Changes the YAML of the entry whose form is open, up to its review. */
async function rewrite(from: string | RegExp, to: string): Promise<void> {
  const yaml = dialog().getByLabel('As YAML');
  const before = await yaml.inputValue();
  const written = before.replace(from, to);
  assert.notEqual(written, before);
  await yaml.fill(written);
  await see();
}

test('a policy is removed, and put back by undo', async () => {
  await go('/admin/policies');
  await press('Remove staff-echo');
  await cuts(page, 'PUT document', save, flow);
  await opens(page, 'POST document/rollback', undo, { refused, open });
});

test('a policy is narrowed to another door, to another group and to an end, and each is taken back', async () => {
  const ends = new Date(Date.now() - 60_000).toISOString();
  for (const [from, to] of [
    [/$/, 'doors: [web]\n'],
    ['- staff', '- leads'],
    [/$/, `until: ${ends}\n`],
    ['allow:', 'deny:'],
  ] as const) {
    await go('/admin/policies?edit=staff-echo');
    await rewrite(from, to);
    await cuts(page, 'PUT document', save, flow);
    await refused();
    await opens(page, 'POST document/rollback', undo, { refused, open });
  }
});

test('a posture profile asks for more than the device has, and an earlier revision is put into force again', async () => {
  await world.reset((document) => ({
    ...document,
    postureProfiles: [{ name: 'recent', linux: { minVersion: '4.18' } }],
    policies: [
      ...(document.policies ?? []),
      {
        name: 'echo-needs',
        require: 'everyone',
        to: { resources: ['echo'] },
        when: { posture: ['recent'] },
      },
    ],
  }));
  flow = await world.reaches(device);
  const { revision } = await world.api<{ revision: number }>('GET', 'document');
  await go('/admin/posture');
  await press('Change recent');
  await rewrite('4.18', '99.0');
  await cuts(page, 'PUT document', save, flow);
  await go(`/admin/history?revision=${revision}`);
  await press('Put it into force again');
  await opens(page, 'POST document/rollback', () => press('Go back to it'), { refused, open });
  await world.reset();
});

test('a resource gets other ports: the flow to the one that is gone ends, the one that came is let through', async (t) => {
  const other = await echoApplication();
  t.after(() => other.close());
  await world.isRefused(device, other.port);
  await go('/admin/resources/echo');
  await press('Change');
  await rewrite(`tcp/${world.echoPort}`, `tcp/${other.port}`);
  await cuts(page, 'PUT document', save, flow);
  await refused();
  (await world.reaches(device, other.port)).close();
  await opens(page, 'POST document/rollback', undo, { refused, open });
});

test('a resource is under maintenance: people read why, what they had open ends, and it is there again afterwards', async () => {
  const socket = await world.socket();
  await go('/admin/resources/wiki');
  await press('Change');
  await dialog().getByLabel('Maintenance').fill('Back at noon.');
  await see();
  await cuts(page, 'PUT document', save, socket);
  await socket.page.goto(world.door);
  await socket.page.getByText('Back at noon.').waitFor();
  socket.close();
  await flow.echo();
  await go('/admin/resources/wiki');
  await press('Change');
  await dialog().getByLabel('Maintenance').fill('');
  await see();
  const again = await opens(page, 'PUT document', save, {
    refused: () => assert.rejects(world.socket()),
    open: () => world.socketAgain(),
  });
  again.close();
});

test('a resource is deleted with its last right: what is open ends, and nobody hears of it', async () => {
  await world.reset((document) => ({
    ...document,
    policies: [{ name: 'staff', allow: { groups: ['staff'] }, to: 'everything' }],
  }));
  flow = await world.reaches(device);
  await go('/admin/resources/echo');
  await press('Remove');
  await cuts(page, 'PUT document', save, flow);
  await page.waitForURL(`${world.origin}/admin/resources`);
  assert.deepEqual(
    (await world.inForce()).resources?.map(({ name }) => name),
    ['wiki'],
  );
  await opens(page, 'POST document/rollback', undo, { refused, open });
  await world.reset();
});

test('what a person asks for is let through once it is approved, until it is withdrawn, by whoever', async () => {
  await world.reset((document) => ({
    ...document,
    policies: (document.policies ?? []).filter(({ name }) => name !== 'staff-echo'),
    requests: [
      {
        name: 'echo-a-while',
        who: { groups: ['staff'] },
        to: { resources: ['echo'] },
        approvers: { groups: ['leads'] },
        longest: '8h',
      },
    ],
  }));
  const ask = async (): Promise<void> => {
    await go('/requests', theirs);
    await press('Ask for echo', theirs);
    await theirs.getByLabel('Why you need it').fill('the backup');
    await does(theirs, 'POST me/requests', () =>
      theirs.getByRole('button', { name: 'Ask', exact: true }).click(),
    );
    await theirs.getByText('Waiting', { exact: true }).first().waitFor();
  };
  const answer = async (): Promise<void> => {
    await go('/admin/requests?state=pending');
    await press(/^Open the request of/);
  };
  await ask();
  await answer();
  await opens(page, 'POST requests/:/approve', () => press('Approve'), { refused, open });
  const endIt = async (): Promise<void> => {
    await press('End it now');
    await page.getByRole('dialog').last().getByRole('button', { name: 'End it now' }).click();
  };
  await cuts(page, 'POST requests/:/withdraw', endIt, flow);

  await ask();
  await answer();
  await dialog().getByLabel('Or why not').fill('use the replica');
  await does(page, 'POST requests/:/deny', () => press('Deny'));
  await refused();

  await ask();
  const approver = await world.approver();
  await go('/requests', approver);
  await opens(approver, 'POST me/approvals/:/approve', () => press('Approve', approver), { refused, open });
  await theirs.reload();
  await cuts(theirs, 'POST me/requests/:/withdraw', () => press('End it now: echo', theirs), flow);

  await ask();
  await go('/requests', approver);
  await approver.getByLabel('Or why not').fill('use the replica');
  await does(approver, 'POST me/approvals/:/deny', () => press('Deny', approver));
  await refused();
  await approver.context().close();
  await world.reset();
  flow = await world.reaches(device);
});

test('a service token and a device pass let programs in at the web door until they are revoked', async () => {
  const passes = () => world.api<PassEntry[]>('GET', 'passes');
  await go('/admin/people?tab=passes');
  await press('Make a service token');
  await dialog().getByLabel('For the service account').selectOption('ci');
  await dialog().getByLabel('Opens the resource').selectOption('wiki');
  await dialog().getByLabel('What it is for').fill('nightly');
  let headers: Record<string, string> = {};
  const nightly = await opens(page, 'POST passes', () => press('Make the token'), {
    refused: () => assert.rejects(world.socketOf({})),
    async open() {
      const text = await dialog().getByRole('region', { name: 'The headers' }).innerText();
      headers = Object.fromEntries(text.split('\n').map((line) => line.split(': ')));
      return world.socketOf(headers);
    },
  });
  await press('Done');
  const revoke = async (): Promise<void> => {
    await press('Revoke the service token nightly of ci');
    await press('Revoke it');
  };
  await cuts(page, 'DELETE passes/:', revoke, nightly);
  await assert.rejects(world.socketOf(headers));
  assert.deepEqual(await passes(), []);

  await go('/', theirs);
  await press('Make one', theirs);
  await theirs.getByLabel('What it is for').fill('calendar');
  let authorization = '';
  const calendar = await opens(theirs, 'POST me/passes', () => press('Make it', theirs), {
    refused: () => assert.rejects(world.socketOf({})),
    async open() {
      const secret = await theirs.locator('code', { hasText: 'dp_' }).innerText();
      authorization = `Basic ${Buffer.from(`alice@acme.example:${secret}`).toString('base64')}`;
      return world.socketOf({ authorization });
    },
  });
  await press('Done', theirs);
  await cuts(theirs, 'POST me/passes/:/revoke', () => press('Revoke calendar', theirs), calendar);
  await assert.rejects(world.socketOf({ authorization }));
  assert.deepEqual(await passes(), []);
});

test('what somebody exposes is open to others until an administrator ends it', async (t) => {
  await world.reset((document) => ({
    ...document,
    expose: { suffix: 'apps.postern.localhost' },
    policies: [
      ...(document.policies ?? []),
      { name: 'staff-expose', allow: { groups: ['staff'] }, mayExpose: true },
    ],
  }));
  const application = createServer(({ url }, response) => {
    response.setHeader('content-type', 'text/html');
    if (url !== '/stream') {
      response.end('<h1>Draft</h1>');
      return;
    }
    const writing = setInterval(() => response.write('word'), 20);
    response.once('close', () => clearInterval(writing));
  });
  const port = await freePort();
  application.listen(port, '127.0.0.1');
  t.after(() => {
    application.closeAllConnections();
    application.close();
  });
  const exposing = world.run.start(['expose', String(port), '--state', device.state], {});
  const address = await exposing.says(/(https:\/\/\S+apps\.postern\.localhost\S*)/);
  await exposing.says(/ready|open|Ctrl-C/i);
  const visiting = await world.streamAt(address);
  await go('/admin/exposures');
  const end = async (): Promise<void> => {
    await press(/^End alice/);
    await press('End now');
  };
  await cuts(page, 'DELETE exposures/:', end, visiting);
  await page.getByText('Nothing is exposed').waitFor();
  await exposing.stop();
  await world.reset();
});

test('sessions become shorter for those that are open too, and a provider is removed with everybody’s who came by it', async () => {
  const longest = async (): Promise<number> => {
    const list = await world.api<SessionEntry[]>('GET', 'sessions');
    return Math.max(...list.map(({ started, until }) => Date.parse(until) - Date.parse(started)));
  };
  assert.equal(await longest(), 12 * 3_600_000);
  await go('/admin/settings?tab=sessions');
  await page.getByLabel('A session lasts').fill('2h');
  await see();
  await does(page, 'PUT document', save);
  assert.equal(await longest(), 2 * 3_600_000);
  await flow.echo();

  const socket = await world.socket();
  await go('/admin/settings');
  await press('Remove corp');
  await cuts(page, 'PUT document', save, flow, socket);
  await refused();
  socket.close();
  await world.reset();
  await world.signIn();
  device = await world.device();
  flow = await world.reaches(device);
});

test('a connector is removed: what goes through it ends, its key is refused, and another takes its place', async () => {
  await go('/admin/networks?tab=connectors');
  const remove = async (): Promise<void> => {
    await press('Remove hq-1');
    await press('Remove it');
  };
  await cuts(page, 'DELETE connectors/:', remove, flow);
  assert.deepEqual(await world.api<ServerEntry[]>('GET', 'connectors'), []);
  await refused();
  await go('/admin/networks?add=connector&network=hq');
  const line = async (): Promise<void> => press('Make its key');
  await opens(page, 'POST enrolment-keys', line, {
    refused,
    async open() {
      const text = await page.getByRole('region', { name: 'The line to run' }).innerText();
      await world.startConnector('hq-2', /pk_\S+/.exec(text)?.[0] ?? '');
      return open();
    },
  });
});

test('every action of this file was done in the browser, and nothing went wrong there', () => {
  // A connector that ends waits for what is open.
  flow.close();
  assert.deepEqual(undone(import.meta.filename), []);
  assert.deepEqual(
    world.complaints.filter((text) => !/status of 401/.test(text)),
    [],
  );
});
