/** A controller with sign-in, rules for requests, and people who ask and approve, whose time the test moves. */
import type { LightMyRequestResponse } from 'fastify';
import { buildApp } from '../../../controller/api/app.ts';
import { login } from '../../../controller/login/login.ts';
import type { Mailer } from '../../../controller/notifications/mailer.ts';
import { visitorEntitlements } from '../../../controller/decisions/entitlements.ts';
import { subjectOf } from '../../../controller/decisions/seat.ts';
import { joinDevice } from '../../../controller/enrolment/join-device.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { DeviceId, Id } from '../../../protocol/ids.ts';
import type { AccessRequest, MyApprovals, MyRequests } from '../../../protocol/requests.ts';
import { deviceClaim } from '../../login/support/portal.ts';
import { corpSignIn } from '../support/corp-sign-in.ts';
import { acmeDocument } from '../support/document.ts';
import { testController, type AfterTest, type TestController } from '../support/controller.ts';

const hourMs = 3_600_000;
export const issuer = 'https://idp.acme.example';

/** Staff may ask for what is tagged prod, two leads approve, and its second factor may be waived. */
export function requestDocument(): OrganisationDocument {
  const document = acmeDocument();
  return {
    ...document,
    groups: [...(document.groups ?? []), 'leads'],
    sessions: { length: '30d' },
    policies: [
      ...(document.policies ?? []),
      { name: 'prod-needs', require: 'everyone', to: { tags: ['prod'] }, when: { mfa: '1h' } },
    ],
    requests: [
      {
        name: 'prod',
        who: { groups: ['staff'] },
        to: { tags: ['prod'] },
        approvers: { groups: ['leads'] },
        quorum: 2,
        longest: '8h',
        waives: ['prod-needs'],
      },
      {
        name: 'emergency',
        who: { groups: ['staff'] },
        to: { tags: ['prod'] },
        longest: '1h',
        breakGlass: true,
        waives: ['prod-needs'],
      },
    ],
  };
}

export class TestPerson {
  readonly id: Id<'usr'>;
  readonly #cookie: string;
  readonly #bench: RequestBench;

  constructor(bench: RequestBench, id: Id<'usr'>, cookie: string) {
    this.#bench = bench;
    this.id = id;
    this.#cookie = cookie;
  }

  /** A call of the portal as its own pages make it. */
  call(method: 'GET' | 'POST', path: string, payload?: object): Promise<LightMyRequestResponse> {
    return this.#bench.portal.inject({
      method,
      url: `/api/v1/me/${path}`,
      headers: {
        cookie: `__Host-postern-session=${this.#cookie}`,
        origin: 'https://access.acme.example:8443',
        'sec-fetch-site': 'same-origin',
      },
      ...(payload === undefined ? {} : { payload }),
    });
  }

  /** Asks and returns the id. */
  async ask(more: object = {}): Promise<string> {
    const answer = await this.call('POST', 'requests', {
      resource: 'databases',
      for: '4h',
      reason: 'Restore the backup',
      ...more,
    });
    if (answer.statusCode !== 201) throw new Error(answer.body);
    return answer.json<{ id: string }>().id;
  }

  approve(id: string, payload: object = {}): Promise<LightMyRequestResponse> {
    return this.call('POST', `approvals/${id}/approve`, payload);
  }

  deny(id: string, text = 'Not today'): Promise<LightMyRequestResponse> {
    return this.call('POST', `approvals/${id}/deny`, { text });
  }

  async requests(): Promise<MyRequests> {
    return (await this.call('GET', 'requests')).json<MyRequests>();
  }

  async approvals(): Promise<MyApprovals> {
    return (await this.call('GET', 'approvals')).json<MyApprovals>();
  }

  /** What is decided for this person without a device: the state, and the names of the reasons. */
  async may(resource: string): Promise<{ state: string; reasons: string[]; untilMs?: number }> {
    const { context, time } = this.#bench;
    const { store, reader } = context.organisation(context.firstOrganisation);
    const state = await reader.current();
    const subject = await subjectOf(store, state, this.id);
    const found = state.resources.find(({ definition }) => definition.name === resource);
    if (subject === undefined || found === undefined) throw new Error('there is nothing to decide');
    const session = { startedMs: time.ms, amr: ['pwd'], authMs: time.ms };
    const visitor = { subject, session, addresses: [] };
    const [right] = visitorEntitlements(state, visitor, time.ms, 'client', [found]);
    if (right === undefined) throw new Error('nothing was decided');
    return {
      state: right.state,
      reasons: right.judged.map(({ name }) => name),
      ...(right.untilMs === undefined ? {} : { untilMs: right.untilMs }),
    };
  }
}

export interface RequestBench extends TestController {
  readonly portal: Awaited<ReturnType<typeof buildApp>>;
  /** Signs somebody in. */
  person(subject: string, groups: readonly string[], name?: string): Promise<TestPerson>;
  /** Every request there is, as administrators see them. */
  all(): Promise<AccessRequest[]>;
  /** Entries of the audit log whose `what` begins so, oldest first. */
  audit(area: string): Promise<{ who: string; what: string; detail: Record<string, unknown> }[]>;
  apply(document: OrganisationDocument): Promise<void>;
}

export async function requestBench(
  test: AfterTest,
  document: OrganisationDocument = requestDocument(),
  mailer?: Mailer,
): Promise<RequestBench> {
  const controller = await testController(test, mailer === undefined ? {} : { mailer });
  const { context, attempts } = controller;
  const call: TestController['call'] = (method, url, payload) => controller.call(method, url, payload);
  const portal = await buildApp({ context, ...login(context, attempts) });
  test.after(() => portal.close());
  const apply = async (next: OrganisationDocument): Promise<void> => {
    const answer = await call('PUT', '/api/v1/document', next);
    if (answer.statusCode !== 200) throw new Error(answer.body);
  };
  await apply(document);
  const bench: RequestBench = {
    ...controller,
    portal,
    apply,
    async person(subject, groups, name = subject) {
      const signedIn = await corpSignIn(context, subject, { issuer, name, groups: [...groups] });
      return new TestPerson(bench, signedIn.person, signedIn.cookie);
    },
    async all() {
      return (await call('GET', '/api/v1/requests')).json<{ requests: AccessRequest[] }>().requests;
    },
    async audit(area) {
      const rows = await context
        .organisation(context.firstOrganisation)
        .store.select('audit')
        .select(['who', 'what', 'detail'])
        .where('what', 'like', `${area}%`)
        .orderBy('seq')
        .execute();
      return rows.map(({ who, what, detail }) => ({
        who,
        what,
        detail: JSON.parse(detail) as Record<string, unknown>,
      }));
    },
  };
  return bench;
}

/** A device on which `owner` is signed in for an hour. */
export async function deviceOf(
  { context, time }: RequestBench,
  owner: TestPerson,
  approval: 'none' | 'approved',
): Promise<DeviceId> {
  const { store } = context.organisation(context.firstOrganisation);
  const session = { untilMs: time.ms + hourMs, authMs: time.ms, amr: ['pwd'] };
  const joined = await store.transaction((tx) =>
    joinDevice(
      tx,
      { claim: deviceClaim(), owner: owner.id, approval, ...session },
      { nowMs: time.ms, random: systemRandom },
    ),
  );
  if (joined.state !== 'joined') throw new Error('the device was not let in');
  return joined.device;
}
