/**
 * REL-6, the revocation matrix by the web door: each way in which a right at a public hostname can be lost, against a
 * WebSocket, an event stream, a download and an upload of a real browser. Measured at the application: all are over within a
 * second of the change, and nothing of them comes after that. Somebody else's go on.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Answer } from '../support/matrix/actor-process.ts';
import { alice, bob, webKinds, WebMatrixWorld, type OpenPage } from '../support/matrix/web-world.ts';
import { eventually } from '../support/eventually.ts';
import type { OrganisationFile } from '../support/organisation/acme-document.ts';

const boundMs = 1_000;

type Changed = Pick<Answer, 'askedAt' | 'answeredAt'>;

interface Cause {
  readonly name: string;
  /** Where the flows are open; `/wiki` unless said. */
  readonly folder?: string;
  /** Nobody is signed in. */
  readonly isStranger?: true;
  /** What the record of each flow says: code and cause. Undefined where the connector cannot tell any more. */
  readonly record: readonly [code: string, cause: string | undefined] | undefined;
  readonly take: (world: WebMatrixWorld, open: OpenPage) => Promise<Changed>;
  readonly restore: (world: WebMatrixWorld) => Promise<unknown>;
  /** Somebody else's flows at the same hostname go on. */
  readonly othersGoOn: boolean;
}

const asBefore = (world: WebMatrixWorld): Promise<unknown> => world.apply();

const causes: readonly Cause[] = [
  {
    name: 'person disabled',
    record: ['revoked', 'disabled'],
    othersGoOn: true,
    take: async ({ actor }) => actor.admin('POST', `/api/v1/people/${await idOf(actor, alice)}/disable`),
    async restore({ actor }) {
      await actor.admin('POST', `/api/v1/people/${await idOf(actor, alice)}/enable`);
      await actor.signIn(alice);
    },
  },
  {
    name: 'signed out everywhere',
    record: ['revoked', 'logout-everywhere'],
    othersGoOn: true,
    take: ({ actor }) => actor.call('person', 'POST', '/api/v1/me/sign-out-everywhere'),
    restore: ({ actor }) => actor.signIn(alice),
  },
  {
    name: 'signed out at the hostname',
    record: ['revoked', 'logout'],
    othersGoOn: true,
    async take(_world, { context }) {
      const page = await context.newPage();
      await page.goto('https://wiki.acme.example/.postern/logout');
      const askedAt = Date.now();
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.getByText('You are signed out').waitFor();
      return { askedAt, answeredAt: Date.now() };
    },
    restore: () => Promise.resolve(),
  },
  {
    name: 'group removed',
    record: ['revoked', 'person'],
    othersGoOn: true,
    take: withGroups(['sre']),
    restore: withGroups(['staff', 'sre']),
  },
  {
    name: 'a rule’s group removed, while the application stays',
    folder: '/admin',
    record: ['denied', 'group-needed'],
    othersGoOn: true,
    take: withGroups(['staff']),
    restore: withGroups(['staff', 'sre']),
  },
  {
    name: 'path closed',
    record: ['denied', 'path-blocked'],
    othersGoOn: false,
    take: withWeb((web) => web.rules?.unshift({ paths: ['/wiki/*'], effect: 'block' })),
    restore: asBefore,
  },
  {
    name: 'path public no more',
    folder: '/open',
    isStranger: true,
    record: ['denied', 'sign-in-needed'],
    othersGoOn: true,
    take: withWeb((web) => web.rules?.shift()),
    restore: asBefore,
  },
  {
    name: 'maintenance',
    record: ['denied', 'maintenance'],
    othersGoOn: false,
    take: withWeb((web) => (web.maintenance = 'Back at noon.')),
    restore: asBefore,
  },
  {
    name: 'policy narrowed',
    record: ['revoked', 'policy'],
    othersGoOn: false,
    take: (world) =>
      world.apply((document) => {
        const [policy] = document.policies ?? [];
        if (policy !== undefined) policy.doors = ['client'];
      }),
    restore: asBefore,
  },
  {
    name: 'resource deleted',
    record: ['revoked', 'removed'],
    othersGoOn: false,
    take: (world) =>
      world.apply((document) => {
        document.resources = (document.resources ?? []).filter(({ name }) => name !== 'wiki');
        document.policies = (document.policies ?? []).filter(({ name }) => name !== 'staff-wiki');
      }),
    restore: asBefore,
  },
  {
    name: 'require added',
    record: ['revoked', 'policy'],
    othersGoOn: false,
    take: (world) =>
      world.apply((document) => {
        document.policies?.push({
          name: 'wiki-needs',
          require: { groups: ['staff'] },
          to: { resources: ['wiki'] },
          when: { mfa: '1h' },
        });
      }),
    restore: asBefore,
  },
  {
    name: 'until reached',
    record: ['expired', undefined],
    othersGoOn: false,
    async take(world) {
      // Whole seconds, as rights count, and time to be told.
      const until = Math.ceil(Date.now() / 1_000) * 1_000 + 3_000;
      await world.apply((document) => {
        const [policy] = document.policies ?? [];
        if (policy !== undefined) policy.until = new Date(until).toISOString();
      });
      assert.ok(Date.now() < until, 'it was told in time');
      await eventually('the end of the right', () => Date.now() >= until || undefined, { everyMs: 5 });
      return { askedAt: until, answeredAt: until };
    },
    restore: asBefore,
  },
  {
    name: 'back-channel logout',
    record: ['revoked', 'provider-logout'],
    othersGoOn: true,
    async take({ organisation }, { context }) {
      const page = await context.newPage();
      await page.goto(`${organisation.provider.issuer}/session/end?client_id=postern`);
      const askedAt = Date.now();
      await page.getByRole('button', { name: /yes/i }).click();
      await page.waitForURL(/\/session\/end\/success/);
      return { askedAt, answeredAt: Date.now() };
    },
    restore: () => Promise.resolve(),
  },
  {
    // Last: it does not come back.
    name: 'connector revoked',
    record: undefined,
    othersGoOn: false,
    async take({ actor }) {
      const { body } = await actor.admin('GET', '/api/v1/connectors');
      const [{ id } = { id: '' }] = body as { id: string }[];
      return actor.admin('DELETE', `/api/v1/connectors/${id}`);
    },
    restore: () => Promise.resolve(),
  },
];

suite('REL-6 by the web door, what was taken away is gone', () => {
  let world: WebMatrixWorld;
  before(async () => {
    world = await WebMatrixWorld.start();
  });
  after(() => world?.close());

  for (const cause of causes) {
    test(cause.name, async () => {
      const other = await world.open('/wiki', bob);
      const open = await world.open(cause.folder ?? '/wiki', cause.isStranger === true ? undefined : alice);
      try {
        await holds(world, cause, open, other);
      } finally {
        for (const { context } of [open, other]) await context.close();
        await cause.restore(world);
      }
    });
  }
});

async function holds(world: WebMatrixWorld, cause: Cause, open: OpenPage, other: OpenPage): Promise<void> {
  const known = (await world.organisation.audit('flow.close')).length;
  const { askedAt, answeredAt } = await cause.take(world, open);
  const ends = await eventually('all of them are over', () => {
    const all = open.ends();
    return all.length >= webKinds.length ? all : undefined;
  });
  assert.deepEqual(ends.map(({ kind }) => kind).toSorted(), [...webKinds].toSorted());
  for (const { kind, endedAt, lastAt } of ends) {
    assert.ok(endedAt >= askedAt, `${kind} lived until then`);
    assert.ok(endedAt - answeredAt < boundMs, `${kind} ended after ${endedAt - answeredAt} ms`);
    assert.ok(lastAt - answeredAt < boundMs, `something of ${kind} came after ${lastAt - answeredAt} ms`);
  }
  if (cause.othersGoOn) assert.deepEqual(other.ends(), [], 'somebody else is not touched');
  if (cause.record === undefined) return;
  const records = await eventually('their records', async () => {
    const all = (await world.organisation.audit('flow.close')).slice(known);
    return all.length >= webKinds.length ? all : undefined;
  });
  const said = records.map(({ reasons, cause: because }) => `${reasons.join()} ${because}`);
  assert.deepEqual([...new Set(said)], [`${cause.record[0]} ${cause.record[1]}`]);
}

function withGroups(groups: string[]): (world: WebMatrixWorld) => Promise<Answer> {
  return ({ organisation, actor }) => {
    organisation.provider.setPerson(alice, { groups });
    return actor.signIn(alice);
  };
}

type Web = NonNullable<NonNullable<OrganisationFile['resources']>[number]['web']>;

function withWeb(change: (web: Web) => unknown): (world: WebMatrixWorld) => Promise<Answer> {
  return (world) =>
    world.apply((document) => {
      const web = document.resources?.find(({ name }) => name === 'wiki')?.web;
      if (web !== undefined) change(web);
    });
}

async function idOf(actor: WebMatrixWorld['actor'], email: string): Promise<string> {
  const { body } = await actor.admin('GET', '/api/v1/people');
  const found = (body as { id: string; email?: string }[]).find((person) => person.email === email);
  if (found === undefined) throw new Error(`${email} is not there`);
  return found.id;
}
