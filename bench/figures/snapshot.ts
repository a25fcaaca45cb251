/**
 * `snapshot.ms`: what one snapshot of a device costs the controller, from the question to the bytes of the message: its
 * seat read, every resource decided, tokens found, the picture made and written as JSON. In the organisation of
 * `decide.us` (10,000 resources, 1,000 policies, 500 groups), for devices that return; beside it the first snapshot, which
 * also signs tokens and waits for the disk.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { deviceView } from '../../controller/decisions/device-view.ts';
import { openController } from '../../controller/open-controller.ts';
import { applyDocument } from '../../controller/organisation/apply-document.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { newId, type DeviceId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import { median, quantile, type Measurement } from '../comparison.ts';
import { Draw, drawOrganisation, emailOf } from './decide-organisation.ts';

const firstSeed = 20_261_121;
const deviceCount = 200;
/** Midday of a Thursday, when schedules are open. */
const workday = Date.parse('2026-10-22T13:00:00Z');

export const snapshotMs: Measurement = {
  name: 'snapshot.ms',
  async run({ rounds, progress }) {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { first, again, processor, resources, bytes } = await measure(firstSeed + round);
      values.push(median(again));
      progress(
        `  seed ${firstSeed + round}: again ${median(again).toFixed(2)} ms (99 in 100 below ${quantile(again, 0.99).toFixed(2)}, ` +
          `${processor.toFixed(2)} ms of processor), the first ${median(first).toFixed(2)} ms; ` +
          `${resources} resources and ${Math.round(bytes / 1_024)} kB each`,
      );
    }
    return { kind: 'figure', name: this.name, unit: 'ms', values };
  },
};

interface Measured {
  /** Milliseconds of each device's first snapshot, and of its next. */
  readonly first: readonly number[];
  readonly again: readonly number[];
  /** Milliseconds of processor for one of the latter, every thread counted. */
  readonly processor: number;
  /** Medians of what a snapshot holds. */
  readonly resources: number;
  readonly bytes: number;
}

async function measure(seed: number): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-snapshot-'));
  const opened = await openController({
    directory,
    publicUrl: new URL('https://access.acme.example:8443'),
    builtInAuthority: false,
    now: () => workday,
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'error' }),
  });
  try {
    const { context } = opened;
    const organisation = context.organisation(context.firstOrganisation);
    const document = documentOf(seed);
    const { secretKey, random } = context;
    await applyDocument(organisation.store, document, { secretKey, random, nowMs: workday, who: 'bench' });
    const devices = await enrol(organisation, new Draw(seed), document);
    const sizes: { resources: number; bytes: number }[] = [];
    const lookAtEach = async (): Promise<number[]> => {
      const times: number[] = [];
      for (const device of devices) {
        const startedAt = performance.now();
        const view = await deviceView(context, organisation.id, device);
        if (view === undefined) throw new Error('a device has no view');
        const message = Buffer.from(JSON.stringify({ t: 'snapshot', v: 1, epoch: 0, ...view, revoked: [] }));
        times.push(performance.now() - startedAt);
        sizes.push({ resources: Object.keys(view.snapshot.resources).length, bytes: message.length });
      }
      return times;
    };
    const first = await lookAtEach();
    const before = process.cpuUsage();
    const again = await lookAtEach();
    const { user, system } = process.cpuUsage(before);
    return {
      first,
      again,
      processor: (user + system) / 1_000 / devices.length,
      resources: median(sizes.map(({ resources }) => resources)),
      bytes: median(sizes.map(({ bytes }) => bytes)),
    };
  } finally {
    await opened.close();
    await rm(directory, { recursive: true });
  }
}

function documentOf(seed: number): OrganisationDocument {
  const { groups, resources, policies, profiles } = drawOrganisation(seed);
  return {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: [...groups],
    networks: [{ name: 'hq' }, { name: 'lab' }],
    serviceAccounts: [],
    resources: resources.map(({ name, tags }, place) => ({
      name,
      network: place % 2 === 0 ? 'hq' : 'lab',
      address: `${name}.acme.internal`,
      ports: ['tcp/443'],
      tags: [...tags],
    })),
    postureProfiles: [...profiles],
    policies: [...policies],
  };
}

/** Devices of as many people, each in one to eight groups, as if they had enrolled and reported. */
async function enrol(
  { store }: ReturnType<Awaited<ReturnType<typeof openController>>['context']['organisation']>,
  draw: Draw,
  { groups = [] }: OrganisationDocument,
): Promise<DeviceId[]> {
  const devices: DeviceId[] = [];
  const id = (): Buffer => systemRandom(16);
  await store.transaction(async (tx) => {
    for (let place = 0; place < deviceCount; place += 1) {
      const [person, device] = [newId('usr', id()), newId('dev', id())];
      const own = draw.some(1 + draw.below(8), groups);
      await tx
        .insert('people', {
          id: person,
          issuer: 'https://idp.acme.example',
          subject: String(place),
          email: emailOf(place),
          name: `Person ${place}`,
          groups: JSON.stringify(own),
          created_ms: workday,
          signed_in_ms: workday,
        })
        .execute();
      await tx
        .insert('nodes', {
          id: device,
          kind: 'device',
          mk: encodeKey(newSigningKey().publicKey),
          nk: encodeKey(newAgreementKey().publicKey),
          name: 'laptop',
          os: 'linux',
          version: '0.1.0',
          network: null,
          owner: person,
          approval: 'approved',
          state: 'active',
          url: null,
          address: '192.0.2.7',
          created_ms: workday,
          seen_ms: workday,
          posture: JSON.stringify({ os: 'linux', osVersion: '6.8', clientVersion: '0.1.0' }),
          posture_ms: workday,
          received_seq: 0,
        })
        .execute();
      await tx
        .insert('sessions', {
          id: newId('ses', id()),
          kind: 'device',
          subject: person,
          device,
          enrolment_key: null,
          cookie_hash: null,
          address: '192.0.2.7',
          started_ms: workday,
          until_ms: workday + 12 * 3_600_000,
          auth_ms: workday,
          amr: '["mfa"]',
          ended_ms: null,
          ended_reason: null,
        })
        .execute();
      devices.push(device);
    }
  });
  return devices;
}
