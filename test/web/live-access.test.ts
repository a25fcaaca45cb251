/** Devices, sessions and people in the pages of owner and person, each action with what it does to flows that are open. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { DeviceEntry, PersonEntry, SessionEntry } from '../../protocol/inventory.ts';
import { eventually } from '../support/eventually.ts';
import { cuts, does, opens } from './support/live-effects.ts';
import type { OpenFlow } from './support/live-flows.ts';
import { email } from './support/live-people.ts';
import { LiveWorld, type LiveDevice } from './support/live-world.ts';
import { undone } from './support/mutations.ts';

const world = await LiveWorld.start({ after });
const { page, theirs } = world;

/** The person's device of now, and what it has open. */
let device: LiveDevice;
let flow: OpenFlow;

async function go(path: string, on = page): Promise<void> {
  await on.goto(`${world.origin}${path}`);
  await on.locator('h1').first().waitFor();
}

const press = (name: string | RegExp, on = page) => on.getByRole('button', { name }).last().click();
const devices = () => world.api<DeviceEntry[]>('GET', 'devices');
const sessions = () => world.api<SessionEntry[]>('GET', 'sessions');

async function alice(): Promise<PersonEntry> {
  const found = (await world.api<PersonEntry[]>('GET', 'people')).find((each) => each.email === email);
  assert.ok(found !== undefined);
  return found;
}

/** Another device of the person with a flow, once the one before has lost its session. */
async function anew(): Promise<void> {
  device = await world.device();
  flow = await world.reaches(device);
}

test('a code that is typed lets a device in, which reaches what it may; one that is refused stays out', async () => {
  const asking = await world.ask();
  const type = async (code: string): Promise<void> => {
    await go('/device', theirs);
    await theirs.getByLabel('Code', { exact: true }).fill(code);
    await does(theirs, 'POST me/logins/look-up', () => press('Continue', theirs));
  };
  await type(asking.code);
  const waiting = { ...asking, id: '' };
  flow = await opens(theirs, 'POST me/logins/approve', () => press('Let it in', theirs), {
    refused: () => world.isRefused(waiting),
    async open() {
      device = await world.joined(asking);
      return world.reaches(device);
    },
  });
  const stranger = await world.ask();
  await type(stranger.code);
  await does(theirs, 'POST me/logins/refuse', () => press('This was not me', theirs));
  await theirs.getByText('It was told no').waitFor();
  await world.isRefused({ ...stranger, id: '' });
  assert.deepEqual(
    (await devices()).map(({ name }) => name),
    [device.name],
  );
  await stranger.program.stop();
});

test('a flow is cut: it ends, its session and others go on, and a new one opens', async () => {
  const socket = await world.socket();
  await go('/admin/sessions?tab=flows');
  const cut = async (): Promise<void> => {
    await press(/^Cut the flow of .* to echo$/);
    await press('Cut now');
  };
  await cuts(page, 'DELETE flows/:/:', cut, flow);
  await socket.echo();
  await page.getByText('1 flow', { exact: true }).waitFor();
  flow = await world.tcp(device);
  await go('/admin/sessions?tab=flows');
  const cutSocket = async (): Promise<void> => {
    await press(/^Cut the flow of .* to wiki$/);
    await press('Cut now');
  };
  await cuts(page, 'DELETE flows/:/:', cutSocket, socket);
  await flow.echo();
  socket.close();
});

test('the session of a device is cut: its flows end, the browser’s go on', async () => {
  const socket = await world.socket();
  await go('/admin/sessions?kind=device');
  const cut = async (): Promise<void> => {
    await press(/^Cut the session of/);
    await press('Cut now');
  };
  await cuts(page, 'DELETE sessions/:', cut, flow);
  await world.isRefused(device);
  await socket.echo();
  assert.ok((await sessions()).every(({ kind }) => kind === 'browser'));
  socket.close();
});

test('a device is blocked and nobody comes in on it; unblocked, the same device reaches everything again', async () => {
  await anew();
  await go(`/admin/devices/${device.id}`);
  const block = async (): Promise<void> => {
    await press('Block');
    await press('Block it');
  };
  await cuts(page, 'POST devices/:/block', block, flow);
  const state = async () => (await devices()).find(({ id }) => id === device.id)?.state;
  assert.equal(await state(), 'blocked');
  flow = await opens(
    page,
    'POST devices/:/unblock',
    () => page.getByRole('button', { name: 'Unblock' }).click(),
    {
      async refused() {
        await world.isRefused(device);
        assert.match(await world.letIn(device), /blocked/);
      },
      async open() {
        assert.match(await world.letIn(device), /joined/);
        return world.reaches(device);
      },
    },
  );
  assert.equal(await state(), 'active');
});

test('a device is forgotten: what it has open ends, and it is not in the list any more', async () => {
  await go(`/admin/devices/${device.id}`);
  const forget = async (): Promise<void> => {
    await press('Forget');
    await press('Forget it');
  };
  await cuts(page, 'DELETE devices/:', forget, flow);
  assert.ok((await devices()).every(({ id }) => id !== device.id));
});

test('a device that waits for an administrator reaches nothing until one approves it, and nothing once that is undone', async () => {
  await world.reset((document) => ({ ...document, devices: { approval: 'required' } }));
  device = await world.device();
  await go('/admin/devices?state=held');
  flow = await opens(page, 'POST devices/:/approve', () => press(`Approve ${device.name}`), {
    refused: () => world.isRefused(device),
    open: () => world.reaches(device),
  });
  await cuts(page, 'POST devices/:/unapprove', () => press('Undo'), flow);
  await world.isRefused(device);
  await world.reset();
});

test('a person is signed out everywhere, then disabled, then let in again', async () => {
  await anew();
  let socket = await world.socket();
  const { id } = await alice();
  await go(`/admin/people/${id}`);
  const signOut = async (): Promise<void> => {
    await press('Sign out everywhere');
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
  };
  await cuts(page, 'DELETE people/:/sessions', signOut, flow, socket);
  assert.equal((await alice()).sessions, 0);
  socket.close();

  await world.signIn();
  await anew();
  socket = await world.socket();
  await page.reload();
  const disable = async (): Promise<void> => {
    await press('Disable');
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  };
  await cuts(page, 'POST people/:/disable', disable, flow, socket);
  assert.equal((await alice()).disabled, true);
  socket.close();
  await opens(page, 'POST people/:/enable', () => press('Let in again'), {
    async refused() {
      await world.isRefused(device);
      await theirs.goto(world.origin);
      await theirs.getByRole('link', { name: 'Continue with corp' }).click();
      await theirs
        .getByText(/disabled/i)
        .first()
        .waitFor();
    },
    async open() {
      await world.signIn();
      await anew();
      return flow;
    },
  });
});

test('a service account is disabled and let in again; its key that is made here lets it in', async () => {
  const accounts = await world.api<{ id: string; name: string; disabled: boolean }[]>(
    'GET',
    'service-accounts',
  );
  const { id } = accounts.find(({ name }) => name === 'ci') ?? { id: '' };
  await go(`/admin/people/${id}`);
  await press('Make a key');
  let text = '';
  const machine = await opens(
    page,
    'POST enrolment-keys',
    async () => {
      await press('Make the key');
      text = await page
        .getByRole('dialog')
        .getByText(/sk_\S+/)
        .first()
        .innerText();
    },
    {
      refused: async () => assert.ok((await devices()).every(({ name }) => name !== 'ci-1')),
      async open() {
        device = await world.service('ci-1', /sk_\S+/.exec(text)?.[0] ?? '');
        return world.reaches(device);
      },
    },
  );
  await press('Done');
  const disable = async (): Promise<void> => {
    await press('Disable');
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  };
  await cuts(page, 'POST service-accounts/:/disable', disable, machine);
  await opens(page, 'POST service-accounts/:/enable', () => press('Let in again'), {
    refused: () => world.isRefused(device),
    open: () => world.reaches(device),
  });
  await device.program.stop();
});

test('one’s own devices are signed out, blocked and forgotten from the portal, each with what it has open', async () => {
  const each = [
    ['POST me/devices/:/sign-out', 'Sign out this device', 'Sign out'],
    ['POST me/devices/:/block', 'Block it', 'Block it'],
    ['POST me/devices/:/forget', 'Forget this device', 'Forget'],
  ] as const;
  for (const [name, first, then] of each) {
    await anew();
    await go('/', theirs);
    const row = theirs.getByRole('listitem').filter({ hasText: device.name });
    await cuts(
      theirs,
      name,
      async () => {
        await row.getByRole('button', { name: first, exact: true }).click();
        await row.getByRole('button', { name: then, exact: true }).last().click();
      },
      flow,
    );
    await world.isRefused(device);
  }
});

test('one’s own sessions are ended one by one, all others at once, and all of them by signing out everywhere', async () => {
  await anew();
  await go('/sessions', theirs);
  const end = async (): Promise<void> => {
    await press(new RegExp(`^End the session of ${device.name} from`), theirs);
    await press('End it', theirs);
  };
  await cuts(theirs, 'POST me/sessions/:/end', end, flow);

  await anew();
  let socket = await world.socket();
  await go('/sessions', theirs);
  const endOthers = async (): Promise<void> => {
    await press('End all others', theirs);
    await theirs.getByRole('dialog').getByRole('button', { name: 'End all others' }).click();
  };
  await cuts(theirs, 'POST me/sessions/end-others', endOthers, flow);
  await socket.echo();

  await anew();
  await go('/', theirs);
  const signOut = (item: string) => async (): Promise<void> => {
    await press(/Signed in as/, theirs);
    await theirs.getByRole('menuitem', { name: item, exact: true }).click();
  };
  await cuts(theirs, 'POST me/sign-out', signOut('Sign out'), socket);
  await flow.echo();
  socket.close();
  await world.signIn();
  socket = await world.socket();
  await go('/', theirs);
  await cuts(theirs, 'POST me/sign-out-everywhere', signOut('Sign out everywhere'), flow, socket);
  await eventually('no session of theirs', async () => (await alice()).sessions === 0 || undefined);
});

test('whoever is invited takes the role, administers from the next sign-in on, and no more once it is taken away', async () => {
  const { link } = await world.api<{ link: string }>('POST', 'administrators/invitations', {
    email: 'lea@acme.example',
    role: 'network',
    link: true,
  });
  const invited = await world.approver();
  await does(invited, 'POST me/invitation', async () => void (await invited.goto(link)));
  await does(invited, 'POST me/invitation/take', () => press('Take the role', invited));
  await invited.getByText('It counts from your next sign-in').waitFor();
  const status = (): Promise<number> =>
    invited.evaluate(async () => (await fetch('/api/v1/connectors')).status);
  assert.equal(await status(), 403);
  await world.signInAgain(invited);
  assert.equal(await status(), 200);
  await go('/admin/settings?tab=administrators');
  await press('Remove lea@acme.example');
  await does(page, 'DELETE administrators/:', () => press('Take it'));
  assert.ok([401, 403].includes(await status()));
  await invited.context().close();
});

test('every action of this file was done in the browser, and nothing went wrong there', () => {
  assert.deepEqual(undone(import.meta.filename), []);
  // The browser itself logs each answer that says that nobody is signed in, or that they may not.
  assert.deepEqual(
    world.complaints.filter((text) => !/status of 40[13]/.test(text)),
    [],
  );
});
