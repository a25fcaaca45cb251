/**
 * One controller with two organisations, each with people, sessions, keys, nodes and waiting devices of its own; all that
 * is theirs is known by name and id, so that a test can ask for it as a member of ours.
 */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../controller/api/app.ts';
import type { ApiRole } from '../../../controller/store/tables/people.ts';
import { login } from '../../../controller/login/login.ts';
import { recordSignIn } from '../../../controller/login/record-sign-in.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import type { Role } from '../../../protocol/roles.ts';
import { acmeDocument } from './document.ts';
import { testController, type AfterTest, type TestController } from './controller.ts';
import { TestNode } from './node.ts';

export interface TwoOrganisations extends TestController {
  /** The application with sign-in and portal. */
  readonly portal: FastifyInstance;
  readonly theirs: OrganisationId;
  /** The typed code of a device that waits in theirs. */
  readonly theirUserCode: string;
  /** The secret of a loopback link of theirs. */
  readonly theirLinkSecret: string;
  /** A new session cookie of the person in this organisation, or of the one who has this role there. */
  cookie(
    organisation: OrganisationId,
    role?: Role,
  ): Promise<{ readonly cookie: string; readonly session: string }>;
  /** Every id and name in rows of theirs, by column. */
  theirValues(): string[];
  /** Every row of theirs in every table, as text. */
  theirRows(): string;
}

/** The document of the other organisation: the same shape, every name its own. */
export function foreignDocument(): OrganisationDocument {
  const text = JSON.stringify(acmeDocument());
  const names = [...text.matchAll(/"name":"([^"]+)"/g)].map(([, name]) => name ?? '');
  const groups = ['acme', 'staff', 'sre', 'automation'];
  const renamed = [...names, ...groups].reduce(
    (changed, name) => changed.replaceAll(new RegExp(`"${name}"`, 'g'), `"foreign-${name}"`),
    text,
  );
  return JSON.parse(renamed.replaceAll('acme.internal', 'foreign.internal')) as OrganisationDocument;
}

/** @param address where people of theirs sign in; at the controller's own unless given */
export async function twoOrganisations(test: AfterTest, address?: URL): Promise<TwoOrganisations> {
  const controller = await testController(test);
  const { context, attempts } = controller;
  const theirs = await context.store.createOrganisation(
    address === undefined ? {} : { name: foreignDocument().organisation, address: address.origin },
  );
  await context.organisations.refresh();
  const portal = await buildApp({ context, ...login(context, attempts) });
  test.after(() => portal.close());
  await fill(controller, portal, context.firstOrganisation, acmeDocument(), 'our');
  await fill(controller, portal, theirs, foreignDocument(), 'foreign');
  const claim = {
    mk: 'A'.repeat(43),
    nk: 'B'.repeat(43),
    name: 'foreign-waiting',
    os: 'linux',
    version: '0.1.0',
    boot: 'C'.repeat(22),
    address: '203.0.113.9',
  };
  const typed = await attempts.startDeviceCode(theirs, claim);
  const linked = await attempts.startLoopback(theirs, claim, { port: 40_000, challenge: 'D'.repeat(43) });
  if (typed === undefined || linked === undefined) throw new Error('no attempt was started');
  const database = join(controller.directory, 'postern.db');
  return {
    ...controller,
    portal,
    theirs,
    theirUserCode: typed.userCode,
    theirLinkSecret: linked.secret,
    async cookie(id, role) {
      const who = `${id === theirs ? 'foreign' : 'our'}${role === undefined ? '' : `-${role}`}`;
      const signedIn = await recordSignIn(context, context.organisation(id), {
        issuer: 'https://idp.acme.example',
        provider: 'corp',
        identity: {
          subject: `${who}-person`,
          name: `${who}-person`,
          email: `alice@${who}.example`,
          groups: ['staff', 'foreign-staff'],
          authMs: context.now(),
          amr: ['pwd'],
        },
        address: '203.0.113.9',
      });
      if (role !== undefined)
        await context
          .organisation(id)
          .store.update('people')
          .set({ role, role_ms: 0 })
          .where('id', '=', signedIn.person)
          .execute();
      return { cookie: signedIn.cookie, session: signedIn.session };
    },
    theirValues() {
      const rows = rowsOf(database, theirs).flatMap(({ rows: found }) => found);
      const values = rows.flatMap((row) => [row['id'], row['name']]);
      return [...new Set(values.filter((value) => typeof value === 'string' && value !== ''))] as string[];
    },
    theirRows: () => JSON.stringify(rowsOf(database, theirs)),
  };
}

/** Applies the document and lets a person, a connector, a relay and a service's device in. */
async function fill(
  controller: TestController,
  portal: FastifyInstance,
  organisation: OrganisationId,
  document: OrganisationDocument,
  prefix: string,
): Promise<void> {
  const token = await controller.token('admin' satisfies ApiRole, organisation);
  const headers = { authorization: `Bearer ${token}` };
  const applied = await portal.inject({ method: 'PUT', url: '/api/v1/document', headers, payload: document });
  if (applied.statusCode !== 200) throw new Error(applied.body);
  const key = async (purpose: string, name: string | undefined): Promise<string> => {
    const payload = { purpose, name };
    const made = await portal.inject({ method: 'POST', url: '/api/v1/enrolment-keys', headers, payload });
    if (made.statusCode !== 201) throw new Error(made.body);
    return made.json<{ key: string }>().key;
  };
  const kinds = [
    ['connector', 'connector', document.networks?.[0]?.name],
    ['relay', 'relay', `${prefix}-relay`],
    ['device', 'service', document.serviceAccounts?.[0]?.name],
  ] as const;
  for (const [kind, purpose, name] of kinds) {
    const node = new TestNode(controller, kind);
    await node.enrol({
      secret: await key(purpose, name),
      name: `${prefix}-${kind}`,
      ...(kind === 'relay' ? { url: `https://${prefix}-relay.example` } : {}),
    });
    if (node.id === '') throw new Error(`${prefix} ${kind} did not join`);
  }
}

function rowsOf(
  database: string,
  organisation: string,
): { table: string; rows: Record<string, unknown>[] }[] {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all() as {
      name: string;
    }[];
    return tables.flatMap(({ name }) => {
      const columns = (db.prepare(`PRAGMA table_info("${name}")`).all() as { name: string }[]).map(
        (column) => column.name,
      );
      if (!columns.includes('organisation')) return [];
      const rows = db.prepare(`SELECT * FROM "${name}" WHERE organisation = ?`).all(organisation);
      return [{ table: name, rows }];
    });
  } finally {
    db.close();
  }
}
