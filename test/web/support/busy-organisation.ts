/** An organisation with something of everything, and with names that mean harm, for tests of the dashboard. */
import { appendAudit } from '../../../controller/audit/append-audit.ts';
import { recordSignIn } from '../../../controller/login/record-sign-in.ts';
import { toBase64Url } from '../../../protocol/encoding.ts';
import { newId, type DeviceId, type Id, type NodeId } from '../../../protocol/ids.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { TestPortal } from '../../login/support/portal.ts';
import { issuer, signInAs } from './sign-in-as.ts';

export { issuer };
/** Markup, another direction, and more than fits anywhere. */
export const hostileName = `<img src=x onerror="alert(1)">\u202egnp.exe שלום ${'w'.repeat(10_000)}`;

export function busyDocument(): OrganisationDocument {
  return {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: ['staff', 'sre', 'contractors', 'automation', 'finance'],
    identityProviders: [
      {
        name: 'corp',
        issuer,
        clientId: 'postern',
        clientSecret: 'a secret of the provider',
        groupsClaim: 'groups',
        directory: {},
      },
    ],
    networks: [{ name: 'hq' }, { name: 'prod-vpc' }, { name: 'lab' }],
    serviceAccounts: [{ name: 'ci', groups: ['automation'] }, { name: 'backup' }],
    resources: [
      {
        name: 'wiki',
        network: 'hq',
        address: 'wiki.acme.internal',
        ports: ['tcp/80', 'tcp/443'],
        tags: ['everyday'],
        web: { hostname: 'wiki.acme.example', origin: 'http://wiki.acme.internal:80' },
      },
      {
        name: 'databases',
        network: 'prod-vpc',
        address: '*.db.acme.internal',
        ports: ['tcp/5432'],
        tags: ['prod'],
      },
      {
        name: 'bastion',
        network: 'prod-vpc',
        address: 'bastion.acme.internal',
        ports: ['tcp/22'],
        tags: ['prod'],
      },
      {
        name: 'grafana',
        network: 'prod-vpc',
        address: 'grafana.acme.internal',
        ports: ['tcp/3000'],
        tags: ['prod'],
      },
      {
        name: 'ledger',
        network: 'hq',
        address: 'ledger.acme.internal',
        ports: ['tcp/443'],
        tags: ['finance'],
      },
      {
        name: 'printer',
        network: 'lab',
        address: '10.20.0.9',
        alias: 'printer.acme.internal',
        ports: ['tcp/9100'],
      },
    ],
    postureProfiles: [
      {
        name: 'healthy',
        linux: { minVersion: '5.10', diskEncryption: true },
        macos: { diskEncryption: true },
      },
    ],
    policies: [
      { name: 'staff-wiki', allow: { groups: ['staff'] }, to: { tags: ['everyday'] } },
      { name: 'sre-prod', allow: { groups: ['sre'] }, to: { tags: ['prod'] }, doors: ['client'] },
      {
        name: 'finance-ledger',
        allow: { groups: ['finance'], people: ['cfo@acme.example'] },
        to: { resources: ['ledger'] },
      },
      {
        name: 'ci-wiki',
        allow: { serviceAccounts: ['ci'] },
        to: { resources: ['wiki', 'printer'] },
        doors: ['client'],
      },
      {
        name: 'prod-needs',
        require: 'everyone',
        to: { tags: ['prod'] },
        when: {
          posture: ['healthy'],
          mfa: '12h',
          schedule: { zone: 'Europe/Berlin', days: 'mon-fri', hours: '09:00-18:00' },
        },
      },
      { name: 'no-contractors', deny: { groups: ['contractors'] }, to: { tags: ['prod', 'finance'] } },
    ],
    requests: [
      {
        name: 'prod-on-demand',
        who: { groups: ['staff'] },
        to: { tags: ['prod'] },
        approvers: { groups: ['sre'] },
        longest: '8h',
        waives: ['prod-needs'],
      },
    ],
    webhooks: [{ name: 'chat', url: 'https://chat.acme.example/hook', secret: 'a-secret-of-the-chat' }],
    postureSources: [{ name: 'mdm', webhook: { secret: 'a-secret-of-the-mdm' } }],
    tests: [{ user: 'alice@acme.example', groups: ['staff'], can: ['wiki'], cannot: ['databases'] }],
  };
}

export interface Busy {
  /** The value of the owner's cookie. */
  readonly cookie: string;
  readonly owner: Id<'usr'>;
  readonly device: string;
  readonly held: string;
}

/** An organisation with a provider and an owner, and nothing else. */
export async function makeBare(portal: TestPortal): Promise<Busy> {
  const { organisation, identityProviders = [] } = busyDocument();
  await portal.apply({ organisation, identityProviders });
  const { cookie, person } = await signInAs(portal, 'alice', 'owner');
  return { cookie, owner: person, device: '', held: '' };
}

const firstNames = ['Ana', 'Bo', 'Chidi', 'Dana', 'Elif', 'Farid', 'Gita', 'Hugo', 'Iris', 'Jun'];
const systems = ['Debian GNU/Linux 12', 'macOS 15.1', 'Windows 11 Pro 24H2', 'Ubuntu 24.04'];

/** Applies the document and fills the store as if all of it had come about. */
export async function makeBusy(portal: TestPortal, { hostile = false } = {}): Promise<Busy> {
  const { context } = portal;
  await portal.apply(busyDocument());
  const organisation = context.organisation(context.firstOrganisation);
  const { store, reader } = organisation;
  const nowMs = context.now();
  const signIn = async (subject: string, name: string, groups: string[]) =>
    recordSignIn(context, organisation, {
      issuer,
      provider: 'corp',
      identity: { subject, name, email: `${subject}@acme.example`, groups, authMs: nowMs, amr: ['pwd'] },
      address: '203.0.113.9',
    });
  const first = await signIn('alice', 'Alice Adeyemi', ['staff', 'sre']);
  await store
    .update('people')
    .set({ role: 'owner', role_ms: nowMs, role_by: 'test' })
    .where('id', '=', first.person)
    .execute();
  const { cookie, person: owner } = await signIn('alice', 'Alice Adeyemi', ['staff', 'sre']);
  const people: Id<'usr'>[] = [owner];
  for (const [index, name] of firstNames.entries()) {
    const groups = [['staff'], ['staff', 'sre'], ['contractors'], ['staff', 'finance']][index % 4] ?? [];
    const { person } = await signIn(
      `person${index}`,
      hostile && index === 0 ? hostileName : `${name} Example`,
      groups,
    );
    people.push(person);
  }
  const { networks } = await reader.current();
  const node = (kind: 'device' | 'connector' | 'relay', name: string, more: object) => {
    const prefix = ({ device: 'dev', connector: 'con', relay: 'rly' } as const)[kind];
    const id = newId(prefix, context.random(16)) as NodeId;
    const key = () => toBase64Url(context.random(32));
    const row = {
      id,
      kind,
      mk: key(),
      nk: key(),
      name,
      os: 'Debian GNU/Linux 12',
      version: '0.1.0',
      network: null,
      owner: null,
      approval: 'none' as const,
      state: 'active' as const,
      url: null,
      address: '203.0.113.9',
      created_ms: nowMs - 86_400_000,
      seen_ms: nowMs - 3_600_000,
      posture: null,
      posture_ms: null,
      received_seq: 0,
      ...more,
    };
    return { id, row };
  };
  const devices = people.map((person, index) => {
    const posture = {
      os: 'linux',
      osVersion: '6.1.0-13-amd64',
      diskEncryption: index % 3 !== 0,
      firewall: true,
    };
    return node('device', hostile && index === 1 ? hostileName : `laptop-${index + 1}`, {
      owner: person,
      os: hostile && index === 1 ? hostileName : systems[index % systems.length],
      signed_in_ms: nowMs - index * 3_600_000,
      approval: index === 2 ? 'held' : 'none',
      state: index === 3 ? 'blocked' : 'active',
      ...(index % 4 === 3 ? {} : { posture: JSON.stringify(posture), posture_ms: nowMs - 40_000 }),
    });
  });
  const servers = networks
    .slice(0, 2)
    .map(({ id, name }) => node('connector', `${name}-1`, { network: id }))
    .concat(node('relay', 'relay-1', { url: 'https://relay.acme.example:8444' }));
  for (const each of [...devices, ...servers]) {
    await store.insert('nodes', each.row).execute();
    if (each.row.kind === 'connector') context.presence.enter(each.id);
  }
  for (const [index, device] of devices.entries()) {
    if (index === 3) continue;
    await store
      .insert('sessions', {
        id: newId('ses', context.random(16)),
        kind: 'device',
        subject: people[index] ?? owner,
        device: device.id as DeviceId,
        enrolment_key: null,
        cookie_hash: null,
        address: `198.51.100.${index + 1}`,
        started_ms: nowMs - 1_800_000,
        until_ms: nowMs + 36_000_000,
        auth_ms: nowMs - 1_800_000,
        amr: '["pwd"]',
        acr: null,
        provider: 'corp',
        provider_session: null,
        ended_ms: null,
        ended_reason: null,
      })
      .execute();
  }
  await appendAudit(
    store,
    Array.from({ length: 150 }, (_, index) => ({
      atMs: nowMs - (150 - index) * 60_000,
      who: people[index % people.length] ?? owner,
      what: index % 5 === 0 ? 'access.refuse' : index % 2 === 0 ? 'flow.open' : 'flow.close',
      resource:
        hostile && index === 5 ? hostileName : (['wiki', 'databases', 'bastion'][index % 3] ?? 'wiki'),
      result:
        index % 5 === 0 ? ('refused' as const) : index % 2 === 0 ? ('allowed' as const) : ('done' as const),
      reasons: index % 5 === 0 ? [index % 10 === 0 ? 'posture-disk-not-encrypted' : 'no-allow'] : [],
      detail: { connector: servers[0]?.id, bytesUp: index * 100, note: hostile ? hostileName : 'nothing' },
    })),
  );
  return { cookie, owner, device: devices[0]?.id ?? '', held: devices[2]?.id ?? '' };
}
