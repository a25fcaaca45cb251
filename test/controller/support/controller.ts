/** A controller over a real database in a directory of its own, with a clock that the test moves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { buildApp } from '../../../controller/api/app.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import type { ControllerContext } from '../../../controller/context.ts';
import { ControlServer } from '../../../controller/control/control-server.ts';
import { LoginAttempts } from '../../../controller/enrolment/login-attempts.ts';
import type { Mailer } from '../../../controller/notifications/mailer.ts';
import { openController } from '../../../controller/open-controller.ts';
import type { ApiRole } from '../../../controller/store/tables/people.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';
import { dropTestDatabase, testDatabase } from '../../support/servers/test-database.ts';
import { settle } from '../../support/settle.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Time of day and timers, moved together. */
export class TestTime {
  ms = Date.parse('2026-11-20T10:00:00Z');
  readonly clock = new VirtualClock();
  readonly now = (): number => this.ms;

  /** Lets time pass in steps of a second at most, with everything that falls due. */
  async pass(ms: number): Promise<void> {
    // Long times are passed without waiting for a database on a server after each second.
    const most = ms > 120_000 ? 1 : undefined;
    for (let left = ms; left > 0;) {
      const step = Math.min(left, 1_000);
      left -= step;
      this.ms += step;
      this.clock.advance(step);
      await settle(5, most);
    }
    await settle(5);
  }
}

export interface TestController {
  readonly context: ControllerContext;
  readonly attempts: LoginAttempts;
  readonly control: ControlServer;
  readonly directory: string;
  readonly time: TestTime;
  readonly app: FastifyInstance;
  /** An API token of the sole organisation, or of another. */
  token(role: ApiRole, organisation?: OrganisationId): Promise<string>;
  /** A request as an administrator. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
  ): Promise<LightMyRequestResponse>;
  /** The text of a new enrolment key. */
  key(purpose: 'connector' | 'relay' | 'service', name: string, more?: object): Promise<string>;
}

export interface AfterTest {
  after(done: () => Promise<void>): void;
}

/** Opens a controller that the end of the test closes and removes; `directory` opens one that is there already. */
export async function testController(
  test: AfterTest,
  overrides: {
    readonly builtInAuthority?: boolean;
    readonly directory?: string;
    readonly countriesFile?: string;
    readonly mailer?: Mailer;
  } = {},
): Promise<TestController> {
  const directory = overrides.directory ?? (await mkdtemp(join(tmpdir(), 'postern-controller-')));
  const time = new TestTime();
  const opened = await openController({
    directory,
    database: await testDatabase(directory),
    publicUrl: new URL('https://access.acme.example:8443'),
    builtInAuthority: overrides.builtInAuthority ?? false,
    ...(overrides.countriesFile === undefined ? {} : { countriesFile: overrides.countriesFile }),
    ...(overrides.mailer === undefined ? {} : { mailer: overrides.mailer }),
    now: time.now,
    clock: time.clock,
    random: systemRandom,
    log: pino({ level: process.env['POSTERN_TEST_LOG'] ?? 'silent' }),
  });
  const { context } = opened;
  const attempts = new LoginAttempts(context);
  const control = new ControlServer({ context, attempts });
  const app = await buildApp({ context });
  let admin: string | undefined;
  test.after(async () => {
    control.close();
    await settle();
    await app.close();
    await opened.close();
    if (overrides.directory !== undefined) return;
    await rm(directory, { recursive: true });
    await dropTestDatabase(directory);
  });
  const call: TestController['call'] = async (method, url, payload) => {
    admin ??= await tokenOf(context, 'admin');
    return app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${admin}` },
      ...(payload === undefined ? {} : { payload }),
    });
  };
  return {
    context,
    attempts,
    control,
    app,
    directory,
    time,
    token: (role, id) => tokenOf(context, role, id),
    call,
    async key(purpose, name, more = {}) {
      const answer = await call('POST', '/api/v1/enrolment-keys', { purpose, name, ...more });
      if (answer.statusCode !== 201) throw new Error(answer.body);
      return answer.json<{ key: string }>().key;
    },
  };
}

async function tokenOf(context: ControllerContext, role: ApiRole, id?: OrganisationId): Promise<string> {
  const { store } = context.organisation(id ?? context.firstOrganisation);
  const { text } = await createApiToken(store, role, {
    nowMs: context.now(),
    random: systemRandom,
    who: 'test',
  });
  return text;
}
