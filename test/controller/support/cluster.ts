/**
 * Several controllers over one real PostgreSQL and one real Redis, in one process and on the real clock: each with a data
 * directory of its own, all with the same secret key file.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { buildApp } from '../../../controller/api/app.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import { ControlServer } from '../../../controller/control/control-server.ts';
import type { SignIn } from '../../../controller/enrolment/let-in.ts';
import { LoginAttempts } from '../../../controller/enrolment/login-attempts.ts';
import { login } from '../../../controller/login/login.ts';
import type { ControllerContext } from '../../../controller/context.ts';
import { openController } from '../../../controller/open-controller.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { newId, type Id } from '../../../protocol/ids.ts';
import { eventually } from '../../support/eventually.ts';
import { dropDatabase, makeDatabase, startPostgres } from '../../support/servers/postgres-server.ts';
import { startRedis } from '../../support/servers/redis-server.ts';
import type { AfterTest } from './controller.ts';
import { acmeDocument } from './document.ts';
import type { NodeHost } from './node.ts';

export interface Member extends NodeHost {
  readonly context: ControllerContext;
  readonly attempts: LoginAttempts;
  readonly control: ControlServer;
  readonly app: FastifyInstance;
  /** A request as an administrator. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
  ): Promise<LightMyRequestResponse>;
  /** Ends its channels and goes, as at SIGTERM. */
  stop(): Promise<void>;
}

export interface Cluster {
  readonly members: readonly Member[];
  /** One more controller of the same records. */
  join(): Promise<Member>;
  /** The text of a new enrolment key, made through the first. */
  key(purpose: 'connector' | 'relay' | 'service', name: string): Promise<string>;
  /** A person of the provider, in these groups. */
  person(name: string, groups: readonly string[]): Promise<Id<'usr'>>;
}

export interface Servers {
  /** Of PostgreSQL, as its administrator. */
  readonly postgres: string;
  readonly redis: string;
}

/** Both, for the clusters of a file of tests. */
export async function startServers(): Promise<Servers & { stop(): Promise<void> }> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  return {
    postgres: postgres.url,
    redis: redis.url,
    stop: async () => void (await Promise.all([postgres.stop(), redis.stop()])),
  };
}

let made = 0;

/** Begins with the document of the tests in force; the end of the test stops and removes everything. */
export async function cluster(
  test: AfterTest,
  { postgres, redis }: Servers,
  count: number,
): Promise<Cluster> {
  made += 1;
  const name = `cluster_${process.pid}_${made}`;
  const database = await makeDatabase(postgres, name);
  const root = await mkdtemp(join(tmpdir(), 'postern-cluster-'));
  const stops: (() => Promise<void>)[] = [];
  test.after(async () => {
    for (const stop of stops) await stop();
    await dropDatabase(postgres, name);
    await rm(root, { recursive: true });
  });
  let token: string | undefined;
  let joined = 0;
  const begin = async (): Promise<Member> => {
    joined += 1;
    const directory = join(root, `${joined}`);
    const secretKeyFile = join(root, 'secret.key');
    const opened = await openController({
      directory,
      database,
      redis,
      secretKeyFile,
      publicUrl: new URL('https://access.acme.example:8443'),
      builtInAuthority: true,
      now: Date.now,
      clock: systemClock,
      random: systemRandom,
      log: pino({ level: process.env['POSTERN_TEST_LOG'] ?? 'silent' }),
    });
    const { context } = opened;
    const attempts = new LoginAttempts(context);
    const control = new ControlServer({ context, attempts });
    const app = await buildApp({ context, ...login(context, attempts) });
    let isStopped = false;
    const stop = async (): Promise<void> => {
      if (isStopped) return;
      isStopped = true;
      control.close();
      await app.close();
      await opened.close();
    };
    stops.push(stop);
    token ??= (
      await createApiToken(context.organisation(context.firstOrganisation).store, 'admin', {
        nowMs: context.now(),
        random: systemRandom,
        who: 'test',
      })
    ).text;
    const headers = { authorization: `Bearer ${token}` };
    return {
      context,
      time: { clock: systemClock },
      attempts,
      control,
      app,
      stop,
      call: (method, url, payload) =>
        app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) }),
    };
  };
  const members: Member[] = [];
  for (let index = 0; index < count; index++) members.push(await begin());
  await eventually('all hear news', () => members.every(({ context }) => context.live.isWhole) || undefined);
  const [first] = members;
  if (first === undefined) throw new Error('a cluster has at least one controller');
  const answer = await first.call('PUT', '/api/v1/document', acmeDocument());
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return {
    members,
    join: begin,
    async key(purpose, target) {
      const answer = await first.call('POST', '/api/v1/enrolment-keys', { purpose, name: target });
      if (answer.statusCode !== 201) throw new Error(answer.body);
      return answer.json<{ key: string }>().key;
    },
    async person(subject, groups) {
      const id = newId('usr', systemRandom(16));
      const { context } = first;
      const nowMs = context.now();
      const row = {
        id,
        issuer: 'https://idp.acme.example',
        subject,
        email: `${subject}@acme.example`,
        name: subject,
      };
      await context
        .organisation(context.firstOrganisation)
        .store.insert('people', {
          ...row,
          groups: JSON.stringify(groups),
          created_ms: nowMs,
          signed_in_ms: nowMs,
        })
        .execute();
      return id;
    },
  };
}

/** What somebody has proven who lets a device in. */
export const signInOf = (person: Id<'usr'>): SignIn => ({ person, amr: ['pwd'], address: '192.0.2.1' });
