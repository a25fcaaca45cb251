/** What an administrator looks at first when something does not work: read and measured when asked, kept nowhere. */
import type { Diagnostics, Installation, KeptFault } from '../protocol/diagnostics.ts';
import { version } from '../protocol/version.ts';
import type { Certificates } from '../protocol/web-messages.ts';
import type { ControllerContext, Organisation } from './context.ts';
import { serverEntries } from './server-entries.ts';

export async function diagnosticsOf(
  context: ControllerContext,
  organisation: Organisation,
): Promise<Diagnostics> {
  const reported = await reportedCertificates(organisation);
  return {
    at: instant(context.now()),
    version,
    // Who else is served here, and by what, is for whoever serves.
    ...(organisation.id === context.firstOrganisation ? { installation: await installation(context) } : {}),
    connectors: await serverEntries(context, organisation, 'connector'),
    relays: await serverEntries(context, organisation, 'relay'),
    certificates: reported
      .map(({ connector, certificate: { host, from, state, until } }) => ({
        host,
        connector,
        from,
        state,
        ...(until === undefined ? {} : { until: instant(until * 1_000) }),
      }))
      .toSorted((a, b) => (a.until ?? '').localeCompare(b.until ?? '')),
    faults: [
      ...reported.flatMap(({ connector, certificate: { host, problem } }): KeptFault[] =>
        problem === undefined
          ? []
          : [{ of: 'certificate', name: host, text: `${problem} (by the connector ${connector})` }],
      ),
      ...(await keptFaults(organisation)),
    ],
  };
}

async function installation(context: ControllerContext): Promise<Installation> {
  const { store, live, authority, clock, id, controllers } = context;
  const beganMs = clock.nowMs();
  await store.forOrganisation(context.firstOrganisation).select('nodes').select('id').limit(1).execute();
  const roundTripMs = rounded(clock.nowMs() - beganMs);
  const liveMs = await live.roundTripMs();
  const nowMs = clock.nowMs();
  const others = controllers.all.map(([other, { sinceMs }]) => ({
    id: other,
    isThis: false,
    silentMs: Math.round(nowMs - sinceMs),
  }));
  return {
    controllers: [{ id, isThis: true, silentMs: 0 }, ...others.toSorted((a, b) => (a.id < b.id ? -1 : 1))],
    store: { kind: store.kind, roundTripMs },
    live: {
      kind: live.kind,
      isWhole: live.isWhole,
      ...(liveMs === undefined ? {} : { roundTripMs: rounded(liveMs) }),
    },
    ...(authority === undefined ? {} : { authorityUntil: instant(authority.untilMs) }),
  };
}

/** What went wrong last and has not gone well since. */
async function keptFaults({ store }: Organisation): Promise<KeptFault[]> {
  const webhooks = await store.select('webhooks').select(['name', 'told_ms', 'fault']).execute();
  const sources = await store.select('posture_sources').select(['name', 'heard_ms', 'fault']).execute();
  const mail = await store.select('mail_states').select(['sent_ms', 'fault']).execute();
  const kept = (of: KeptFault['of'], text: string | null, name?: string, wellMs?: number | null) =>
    text === null
      ? []
      : {
          of,
          ...(name === undefined ? {} : { name }),
          text,
          ...(typeof wellMs === 'number' ? { lastWell: instant(wellMs) } : {}),
        };
  return [
    ...mail.flatMap(({ sent_ms, fault }) => kept('mail', fault, undefined, sent_ms)),
    ...webhooks.flatMap(({ name, told_ms, fault }) => kept('webhook', fault, name, told_ms)),
    ...sources.flatMap(({ name, heard_ms, fault }) => kept('posture-source', fault, name, heard_ms)),
  ];
}

async function reportedCertificates({ store }: Organisation) {
  const rows = await store
    .select('nodes')
    .select(['name', 'certificates'])
    .where('kind', '=', 'connector')
    .where('certificates', 'is not', null)
    .orderBy('name')
    .execute();
  return rows.flatMap(({ name, certificates }) =>
    (JSON.parse(certificates ?? '[]') as Certificates['list']).map((certificate) => ({
      connector: name,
      certificate,
    })),
  );
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** To a hundredth of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
