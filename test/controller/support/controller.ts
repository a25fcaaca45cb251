/** A controller over a real SQLite file in a directory of its own, with a clock that the test moves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../controller/api/app.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import type { ControllerContext } from '../../../controller/context.ts';
import { openController, type OpenController } from '../../../controller/open-controller.ts';
import type { ApiRole } from '../../../controller/store/schema.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import type { OrganisationId } from '../../../protocol/ids.ts';

export class TestTime {
  ms = Date.parse('2026-11-20T10:00:00Z');
  readonly now = (): number => this.ms;
}

export interface TestController extends OpenController {
  readonly directory: string;
  readonly time: TestTime;
  readonly app: FastifyInstance;
  /** An API token of the sole organisation, or of another. */
  token(role: ApiRole, organisation?: OrganisationId): Promise<string>;
}

/** Opens a controller that the end of the test closes and removes. */
export async function testController(
  test: { after(done: () => Promise<void>): void },
  overrides: { readonly builtInAuthority?: boolean } = {},
): Promise<TestController> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-controller-'));
  const time = new TestTime();
  const opened = await openController({
    directory,
    publicUrl: new URL('https://access.acme.example:8443'),
    builtInAuthority: overrides.builtInAuthority ?? false,
    now: time.now,
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'silent' }),
  });
  const app = await buildApp({ context: opened.context });
  test.after(async () => {
    await app.close();
    await opened.close();
    await rm(directory, { recursive: true });
  });
  return { ...opened, directory, time, app, token: (role, id) => tokenOf(opened.context, role, id) };
}

async function tokenOf(context: ControllerContext, role: ApiRole, id?: OrganisationId): Promise<string> {
  const { store } = context.organisation(id ?? context.soleOrganisation);
  const { text } = await createApiToken(store, role, {
    nowMs: context.now(),
    random: systemRandom,
    who: 'test',
  });
  return text;
}
