/**
 * Random organisations in small, and who asks what of them: names are few, so that policies meet, and times lie at and
 * around every boundary, the nights of daylight saving among them. The same seed draws the same cases.
 */
import type { PolicyDocument, ScheduleDocument, WhoDocument } from '../../../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../../../protocol/posture-document.ts';
import type { Facts } from '../../../policy/facts.ts';
import { postureProfiles, randomDevice } from './random-posture.ts';
import type { Beside } from './slow-twin.ts';

export interface Case {
  readonly facts: Facts;
  readonly policies: readonly PolicyDocument[];
}

/** Numbers from 0 up to 1, drawn from `seed` (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const profiles: readonly PostureProfileDocument[] = [
  { name: 'healthy', linux: { minVersion: '5.10' }, macos: { minVersion: '14' } },
  { name: 'recent', linux: { minVersion: '6.1.20' }, windows: {}, freshness: '1m' },
  { name: 'any-linux', linux: {}, freshness: '1h' },
  ...postureProfiles,
];

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Nights on which clocks change, and days on which they do not. */
const days = [
  '2026-03-29T01:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-03-08T07:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-10-03T15:30:00Z',
  '2026-11-20T12:00:00Z',
  '2026-12-31T23:00:00Z',
].map((text) => Date.parse(text));

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
];

const networks = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.8/29',
  '192.0.2.7/32',
  '0.0.0.0/0',
  '::/0',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '2001:db8::8000/113',
  '::1/128',
];

const addresses = [
  '10.0.0.0',
  '10.1.2.7',
  '10.1.2.8',
  '10.1.2.15',
  '10.1.2.16',
  '10.255.255.255',
  '11.0.0.0',
  '192.0.2.7',
  '127.0.0.1',
  '::ffff:10.1.2.9',
  '::ffff:c000:207',
  '::1',
  '::',
  '2001:db8::7fff',
  '2001:db8::8000',
  '2001:DB8:1:0:0:0:0:1',
  '2001:db9::',
  'fe80::1%eth0',
  '10.1.2',
  'somewhere',
];

export class CaseSource {
  readonly #random: () => number;
  readonly #schedules: readonly ScheduleDocument[];

  constructor(seed: number) {
    this.#random = seeded(seed);
    this.#schedules = Array.from({ length: 40 }, () => this.#schedule());
  }

  next(): Case {
    const nowMs = this.#instant();
    const count = this.below(7);
    const policies = Array.from({ length: count }, (_, index) => this.policy(`p${index}`, nowMs)).map(
      (policy, _, all) => this.waiving(policy, all, nowMs),
    );
    return { facts: this.#facts(nowMs), policies };
  }

  /** A whole number from 0 up to `limit`, which it never is. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** @param nowMs about which its validity lies, where it has one */
  policy(
    name: string,
    nowMs: number,
    effect = this.#pick(['allow', 'allow', 'deny', 'require']),
  ): PolicyDocument {
    return {
      name,
      [effect]: this.#who(),
      to: this.#target(),
      ...(this.#chance(0.2) ? { doors: this.#pick([['client'], ['web'], ['client', 'web']] as const) } : {}),
      ...(this.#chance(0.15) ? { from: this.#written(nowMs) } : {}),
      ...(this.#chance(0.15) ? { until: this.#written(nowMs) } : {}),
      ...(this.#chance(0.6) ? { when: this.conditions() } : {}),
    };
  }

  /**
   * The case with what stands beside a document: now and then approved requests of this person and of others, and locks on
   * what is not used. Drawn apart, so that the cases themselves stay as they are.
   */
  beside({ facts, policies }: Case): Case & { readonly beside: Beside } {
    const { nowMs, subject } = facts;
    const requires = policies.flatMap(({ name, require }) => (require === undefined ? [] : [name]));
    const usedMs = new Map(
      ['wiki', 'db'].flatMap((name) =>
        this.#chance(0.7) ? [[name, this.#before(nowMs, [24 * hour, 2 * 24 * hour])] as const] : [],
      ),
    );
    const known = this.#chance(0.8) ? { id: this.#pick(['usr_a', 'usr_b']) } : {};
    return {
      policies,
      facts: {
        ...facts,
        subject: { ...subject, ...(subject.kind === 'service' ? {} : { ...known, usedMs }) },
      },
      beside: {
        approvals: ['req_1', 'req_2', 'req_3']
          .filter(() => this.#chance(0.5))
          .map((id) => ({
            id,
            person: this.#pick(['usr_a', 'usr_b']),
            who: this.#who() as WhoDocument,
            resource: this.#pick(['wiki', 'db', 'ssh']),
            untilMs: nowMs + this.#pick([-1, 0, 1, minute, hour, 47 * hour]),
            waives: this.#any(requires),
          })),
        locks: this.#chance(0.6) ? { wiki: '1d', db: this.#pick(['1d', '2d', '30d']) } : {},
      },
    };
  }

  /** Now and then the allow with an end, and with some of the requires beside it waived; any other policy as it is. */
  waiving(policy: PolicyDocument, beside: readonly PolicyDocument[], nowMs: number): PolicyDocument {
    const requires = beside.flatMap(({ name, require }) => (require === undefined ? [] : [name]));
    if (policy.allow === undefined || requires.length === 0 || !this.#chance(0.5)) return policy;
    const until = policy.until ?? this.#written(nowMs + 2 * hour);
    return { ...policy, until, waives: this.#some(requires) };
  }

  conditions(): NonNullable<PolicyDocument['when']> {
    return {
      ...(this.#chance(0.3) ? { posture: this.#some(profiles.map(({ name }) => name)) } : {}),
      ...(this.#chance(0.3) ? { mfa: this.#mfa() } : {}),
      ...(this.#chance(0.3) ? { session: this.#pick(['1m', '8h', '1d']) } : {}),
      ...(this.#chance(0.2) ? { deviceApproved: true as const } : {}),
      ...(this.#chance(0.2) ? { source: this.#some(networks) } : {}),
      ...(this.#chance(0.2) ? { country: this.#some(['DE', 'FR', 'US']) } : {}),
      ...(this.#chance(0.4) ? { schedule: this.#pick(this.#schedules) } : {}),
    };
  }

  #mfa(): NonNullable<NonNullable<PolicyDocument['when']>['mfa']> {
    const age = this.#pick(['30s', '15m', '12h']);
    if (this.#chance(0.6)) return age;
    return {
      age,
      ...(this.#chance(0.5) ? { amr: this.#some(['hwk', 'otp', 'mfa']) } : {}),
      ...(this.#chance(0.5) ? { acr: this.#some(['phr', 'phrh', '1']) } : {}),
    };
  }

  #facts(nowMs: number): Facts {
    const service = this.#chance(0.15);
    const guest = !service && this.#chance(0.15);
    const name = this.#pick(['alice', 'bob', 'ci']);
    const domain = guest && this.#chance(0.5) ? 'customer.example' : 'acme.example';
    return {
      nowMs,
      door: this.#pick(['client', 'client', 'web']),
      subject: {
        kind: service ? 'service' : guest ? 'guest' : 'person',
        name,
        groups: this.#any(['staff', 'sre', 'contractors']),
        ...(service || this.#chance(0.1)
          ? {}
          : { email: `${guest && domain !== 'acme.example' ? 'pat' : name}@${domain}` }),
      },
      session: {
        startedMs: this.#before(nowMs, [minute, 8 * hour, 24 * hour]),
        amr: this.#pick([[], ['pwd'], ['pwd', 'otp'], ['mfa'], ['hwk', 'fpt'], ['pwd', 'pin'], ['toString']]),
        ...(this.#chance(0.2)
          ? {}
          : { authTimeMs: this.#before(nowMs, [30 * second, 15 * minute, 12 * hour]) }),
        ...(this.#chance(0.5) ? {} : { acr: this.#pick(['phr', 'phrh', '1', '0']) }),
      },
      ...(this.#chance(0.15)
        ? {}
        : {
            source: {
              address: this.#pick(addresses),
              ...(this.#chance(0.2) ? {} : { country: this.#pick(['DE', 'FR', 'US', 'JP']) }),
            },
          }),
      device: {
        approved: this.#chance(0.7),
        ...randomDevice(this, nowMs),
      },
      resource: {
        name: this.#pick(['wiki', 'db', 'ssh']),
        tags: this.#any(['prod', 'staging', 'eu']),
      },
    };
  }

  #who(): object | string {
    const lists = {
      ...(this.#chance(0.6) ? { groups: this.#some(['staff', 'sre', 'contractors']) } : {}),
      ...(this.#chance(0.3) ? { people: this.#some(['Alice@acme.example', 'bob@acme.example']) } : {}),
      ...(this.#chance(0.3) ? { serviceAccounts: this.#some(['ci', 'alice']) } : {}),
      ...(this.#chance(0.3)
        ? { guests: this.#some(['Pat@customer.example', '*@acme.example', '*@Customer.example']) }
        : {}),
    };
    return this.#chance(0.4) || Object.keys(lists).length === 0 ? 'everyone' : lists;
  }

  #target(): NonNullable<PolicyDocument['to']> {
    const lists = {
      ...(this.#chance(0.5) ? { resources: this.#some(['wiki', 'db', 'ssh']) } : {}),
      ...(this.#chance(0.5) ? { tags: this.#some(['prod', 'staging', 'eu']) } : {}),
    };
    return this.#chance(0.3) || Object.keys(lists).length === 0 ? 'everything' : lists;
  }

  #schedule(): ScheduleDocument {
    const time = (): string =>
      `${String(this.below(24)).padStart(2, '0')}:${this.#pick(['00', '00', '15', '30', '59'])}`;
    const [start, end] = [time(), this.#chance(0.2) ? '24:00' : time()];
    return {
      zone: this.#pick(zones),
      ...(this.#chance(0.7)
        ? { days: this.#pick(['mon-fri', 'sat-mon', 'sun', ['fri', 'sun-mon'], 'tue, thu']) }
        : {}),
      ...(this.#chance(0.8) && start !== end ? { hours: `${start}-${end}` } : {}),
    };
  }

  /** Exactly at the hour, a millisecond beside it, or anywhere within two days. */
  #instant(): number {
    const day = this.#pick(days);
    if (this.#chance(0.3)) return day + (this.below(97) - 48) * 30 * minute + this.#pick([-1, 0, 1]);
    return day + this.below(96 * hour) - 48 * hour;
  }

  /** So long ago that one of `ages` is just not, exactly, or just reached; or any time in the last two days. */
  #before(nowMs: number, ages: readonly number[]): number {
    if (this.#chance(0.5)) return nowMs - this.#pick(ages) + this.#pick([-1, 0, 1, minute, hour]);
    return nowMs - this.below(48 * hour);
  }

  #written(nowMs: number): string {
    if (this.#chance(0.05)) return '2026-12-31T23:59:60Z';
    const offset = this.#pick([-1, 0, 1, -minute, minute, hour, 47 * hour, -(30 * hour)]);
    return new Date(nowMs + offset).toISOString();
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** Any of them, or none. */
  #any<T>(values: readonly T[]): T[] {
    return values.filter(() => this.#chance(0.4));
  }

  /** At least one of them. */
  #some<T>(values: readonly T[]): T[] {
    const chosen = this.#any(values);
    return chosen.length > 0 ? chosen : [this.#pick(values)];
  }
}
