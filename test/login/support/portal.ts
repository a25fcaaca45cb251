/** A controller with sign-in and portal over a real store and a real provider; its time may be moved ahead. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../../controller/api/app.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import type { DeviceClaim } from '../../../controller/enrolment/join-device.ts';
import { LoginAttempts } from '../../../controller/enrolment/login-attempts.ts';
import { login } from '../../../controller/login/login.ts';
import type { TextRecords } from '../../../controller/operator/asked-names.ts';
import type { Mailer } from '../../../controller/notifications/mailer.ts';
import { openController, type OpenController } from '../../../controller/open-controller.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { toBase64Url } from '../../../protocol/encoding.ts';
import { acmeDocument } from '../../controller/support/document.ts';
import type { TestProvider } from './provider.ts';

import { dropTestDatabase, testDatabase } from '../../support/servers/test-database.ts';

export const testUrl = new URL('https://access.acme.example:8443');

export interface TestPortal extends OpenController {
  readonly app: FastifyInstance;
  readonly attempts: LoginAttempts;
  readonly publicUrl: URL;
  /** Milliseconds by which the controller's clock is ahead of the provider's. */
  readonly time: { ahead: number };
  apply(document: OrganisationDocument): Promise<void>;
  /** A request as an administrator. */
  admin(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
  ): Promise<LightMyRequestResponse>;
  /** Entries of the audit log with this `what`, oldest first. */
  audit(what: string): Promise<{ who: string; result: string; reasons: string; detail: string }[]>;
}

/** Opens it with `providers` in its document; the end of the test closes and removes it. */
export async function testPortal(
  test: { after(done: () => Promise<void>): void },
  providers: readonly TestProvider[],
  publicUrl: URL = testUrl,
  mailer?: Mailer,
  texts?: TextRecords,
  /** Without a document, as whoever starts a controller finds it. */
  isFresh = false,
): Promise<TestPortal> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-portal-'));
  const time = { ahead: 0 };
  const opened = await openController({
    directory,
    database: await testDatabase(directory),
    publicUrl,
    builtInAuthority: false,
    // Its providers are on this machine.
    egress: { places: 'any', networks: [] },
    ...(mailer === undefined ? {} : { mailer }),
    now: () => Date.now() + time.ahead,
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'silent' }),
  });
  const { context } = opened;
  const attempts = new LoginAttempts(context);
  const app = await buildApp({
    context,
    ...login(context, attempts),
    ...(texts === undefined ? {} : { texts }),
  });
  test.after(async () => {
    await app.close();
    await opened.close();
    await rm(directory, { recursive: true });
    await dropTestDatabase(directory);
  });
  const { store } = context.organisation(context.firstOrganisation);
  const { text: token } = await createApiToken(store, 'admin', {
    nowMs: context.now(),
    random: systemRandom,
    who: 'test',
  });
  const admin: TestPortal['admin'] = (method, url, payload) =>
    app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${token}` },
      ...(payload === undefined ? {} : { payload }),
    });
  const apply = async (document: OrganisationDocument): Promise<void> => {
    const answer = await admin('PUT', '/api/v1/document', document);
    if (answer.statusCode !== 200) throw new Error(answer.body);
  };
  if (!isFresh)
    await apply({ ...acmeDocument(), identityProviders: providers.map(({ document }) => document) });
  return {
    ...opened,
    app,
    attempts,
    publicUrl,
    time,
    apply,
    admin,
    audit: (what) =>
      store
        .select('audit')
        .select(['who', 'result', 'reasons', 'detail'])
        .where('what', '=', what)
        .orderBy('seq')
        .execute(),
  };
}

/** What a device says of itself when it asks to join. */
export function deviceClaim(more: Partial<DeviceClaim> = {}): DeviceClaim {
  const key = (): string => toBase64Url(systemRandom(32));
  return {
    mk: key(),
    nk: key(),
    name: 'alice-laptop',
    os: 'Debian GNU/Linux 12',
    version: '0.1.0',
    boot: toBase64Url(systemRandom(16)),
    address: '203.0.113.9',
    ...more,
  };
}
