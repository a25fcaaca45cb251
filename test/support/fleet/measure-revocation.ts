/**
 * How long a flow outlives its right, with many flows open over many devices: each way by which all of them lose it at
 * once is taken in turn. Used by the bench for `revocation.p99.ms` and by the test that bounds it.
 */
import { readFileSync } from 'node:fs';
import type { Lab } from '../lab/lab.ts';
import type { OrganisationFile } from '../organisation/acme-document.ts';
import { Organisation } from '../organisation/organisation.ts';
import { labSite } from '../organisation/site.ts';
import { Fleet, type FleetSize, type FlowEnd } from './fleet.ts';
import { Origin, withOrigin } from './origin.ts';
import { timedCall, type Answered } from './timed-call.ts';

/** What happened after one change that took the right from every flow. */
export interface RevocationRound {
  readonly cause: 'group' | 'policy' | 'resource' | 'key';
  /** Milliseconds from the API's answer until the origin saw the end, per flow in rising order; at least 0. */
  readonly lateMs: readonly number[];
  /** How long the API took to answer. */
  readonly answerMs: number;
  readonly ends: readonly FlowEnd[];
}

export interface RevocationMeasure {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly flows: number;
  readonly devices: number;
  readonly rounds: readonly RevocationRound[];
}

export const usualFleet: FleetSize = { devices: 20, flowsPerDevice: 50 };

/** How the document loses the right: by the group, the policy, the resource. */
export const documentCauses = {
  group(document: OrganisationFile): void {
    document.groups = (document.groups ?? []).filter((name) => name !== 'automation');
    for (const account of document.serviceAccounts ?? []) delete account.groups;
    document.policies = (document.policies ?? []).map((policy) =>
      policy.name === 'automation-origin' ? { ...policy, allow: { groups: ['staff'] } } : policy,
    );
  },
  policy(document: OrganisationFile): void {
    document.policies = (document.policies ?? []).filter(({ name }) => name !== 'automation-origin');
  },
  resource(document: OrganisationFile): void {
    document.resources = (document.resources ?? []).filter(
      ({ name }) => name !== 'origin' && name !== 'bastion',
    );
    document.policies = (document.policies ?? []).filter(
      ({ name }) => name !== 'automation-origin' && name !== 'sre-bastion',
    );
  },
} as const;

/** Starts an organisation and a fleet in an empty lab and takes the right away in every way. */
export async function measureRevocation(lab: Lab, size: FleetSize = usualFleet): Promise<RevocationMeasure> {
  const origin = await Origin.start(lab);
  const organisation = await Organisation.start(labSite(lab), { adapt: withOrigin });
  const keyFile = await organisation.serviceKey('ci');
  const fleet = await Fleet.start(lab, { origin, keyFile, size, name: 'fleet' });
  const rounds: RevocationRound[] = [];
  for (const cause of ['group', 'policy', 'resource'] as const) {
    rounds.push(await round(fleet, cause, () => applyWithout(organisation, cause)));
    await applyWithout(organisation);
  }
  rounds.push(await round(fleet, 'key', () => deleteServiceKey(organisation)));
  await fleet.stop();
  const all = rounds.flatMap(({ lateMs }) => lateMs).toSorted((a, b) => a - b);
  return {
    p50Ms: percentile(all, 50),
    // The worst of the ways, since every one of them is promised.
    p99Ms: Math.max(...rounds.map(({ lateMs }) => percentile(lateMs, 99))),
    maxMs: all.at(-1) ?? 0,
    flows: size.devices * size.flowsPerDevice,
    devices: size.devices,
    rounds,
  };
}

/** Puts the organisation's document into force, as it loses the right in this way or as it is. */
export async function applyWithout(
  organisation: Organisation,
  cause?: keyof typeof documentCauses,
): Promise<Answered> {
  const document = structuredClone(organisation.document);
  if (cause !== undefined) documentCauses[cause](document);
  const { client, caFile } = organisation.provider;
  const identityProviders = document.identityProviders.map((provider) => ({
    ...provider,
    clientSecret: client.secret,
    ca: readFileSync(caFile, 'utf8'),
  }));
  return timedCall(organisation, 'PUT', '/api/v1/document', { ...document, identityProviders });
}

/** Deletes the one key of the service account. */
export async function deleteServiceKey(organisation: Organisation): Promise<Answered> {
  const { body } = await timedCall(organisation, 'GET', '/api/v1/enrolment-keys');
  const key = (body as { id: string; purpose: string }[]).findLast(({ purpose }) => purpose === 'service');
  if (key === undefined) throw new Error('there is no service key');
  return timedCall(organisation, 'DELETE', `/api/v1/enrolment-keys/${key.id}`);
}

async function round(
  fleet: Fleet,
  cause: RevocationRound['cause'],
  takeAway: () => Promise<Answered>,
): Promise<RevocationRound> {
  await fleet.open(cause);
  const { askedAt, answeredAt } = await takeAway();
  const ends = await fleet.ended(cause);
  const late = ends.map(({ endedAt }) => Math.max(0, endedAt - answeredAt));
  return { cause, lateMs: late.toSorted((a, b) => a - b), answerMs: answeredAt - askedAt, ends };
}

function percentile(rising: readonly number[], percent: number): number {
  return rising[Math.ceil((rising.length * percent) / 100) - 1] ?? 0;
}
