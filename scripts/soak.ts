/**
 * `npm run soak -- NAME`: the long forms of tests whose short forms are part of `npm test`. Prints what was found as it goes
 * and ends with 0 only when it held. Needs root on Linux and a built program, as the tests do.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { moveLaptop } from '../test/support/relays/laptop-scenario.ts';
import { bytesEachWay, flipByte } from '../test/support/evil-circuit.ts';
import {
  drainRelays,
  faultsOf,
  killRelays,
  silenceRelays,
  type Outcome,
} from '../test/support/relays/relay-scenarios.ts';
import { TwoRelays } from '../test/support/relays/two-relays.ts';
import { herdFaults, restartHerd } from '../test/support/herd/restart-herd.ts';
import { soakVariable } from '../test/support/length.ts';
import { slowReaders } from '../test/support/slow-readers.ts';
import { twoPeople } from '../test/support/web-canary.ts';
import { WebFailover, type TakenOver } from '../test/support/web-failover.ts';

interface Soak {
  /** What it does, and how long it takes. */
  readonly what: string;
  run(): Promise<Found>;
}

interface Found {
  readonly lines: readonly string[];
  readonly faults: readonly string[];
}

const load = { flows: 100, everyMs: 250 };

const soaks: Readonly<Record<string, Soak>> = {
  'relay-kill': {
    what: 'REL-1: one of two relays killed every 20 s under 100 flows, 5 minutes',
    run: () => onTwoRelays((world) => killRelays(world, load, { kills: 15, everyS: 20 })),
  },
  'relay-silence': {
    what: 'REL-2: the relay in use silent, then the other stopped, by turns, under 100 flows, 1 minute',
    run: () => onTwoRelays((world) => silenceRelays(world, load, 6)),
  },
  'relay-drain': {
    what: 'REL-7: a rolling restart of two relays, ten times, under 500 flows, 2 minutes',
    run: () => onTwoRelays((world) => drainRelays(world, { flows: 500, everyMs: 1_000 }, 20)),
  },
  'laptop-moves': {
    what: 'a laptop whose NAT, address and interface change under ssh and a download, 2 minutes',
    run: () => onTwoRelays((world) => moveLaptop(world, { downS: 20, downloadBytes: 30_000_000 })),
  },
  'slow-readers': {
    what: 'REL-10: 200 readers at 64 kB/s beside a fast one for a minute, then 10,000 short flows, 4 minutes',
    run: besideSlowReaders,
  },
  'killed-programs': {
    what: 'REL-14: client, connector, relay and controller killed 125 times each under load, half an hour',
    run: () => atFullLength('test/attack/killed-programs.test.ts'),
  },
  'resolv-conf': {
    what: 'a hundred crashes and returns beside a program that edits resolv.conf, 2 minutes',
    run: () => atFullLength('test/attack/dns-cycles.test.ts'),
  },
  'web-canary': {
    what: 'SEC-A17: two people, 100,000 mixed, cut and irregular requests through the web door, 8 minutes',
    run: canary,
  },
  'web-door': {
    what: 'a real browser at the web door, an upload of 1 GB with flat memory among it, 4 minutes',
    run: () => atFullLength('test/e2e/web-door.test.ts'),
  },
  'web-failover': {
    what: 'relay and connector of a page in Chromium killed five times each, the connector stopped three times, 2 minutes',
    run: failover,
  },
  'blind-relay': {
    what: 'T1: a relay searched for what passed it, also after a minute of idleness, 2 minutes',
    run: () => atFullLength('test/attack/blind-relay.test.ts'),
  },
  'restart-herd': {
    what: 'REL-5: controller and relay killed under 2,000 connectors and started again, 2 minutes',
    run: herdReturns,
  },
  'noisy-neighbour': {
    what: 'an organisation at all its limits beside another, whose sign-ins and flows are timed, 2 minutes',
    run: () => atFullLength('test/attack/organisations-apart.test.ts'),
  },
  'evil-bytes': {
    what: 'T1: a relay that flips each byte of a whole session in turn, both ways, 5 minutes',
    run: flipEveryByte,
  },
};

async function onTwoRelays(scenario: (world: TwoRelays) => Promise<Outcome>): Promise<Found> {
  const world = await TwoRelays.open();
  try {
    const outcome = await scenario(world);
    const { flows, blocks, lost, wrong, missing, worstMs } = outcome.report;
    const counted = `${flows} flows, ${blocks} blocks; lost ${lost}, wrong ${wrong}, missing ${missing}`;
    return {
      lines: [...outcome.notes, `${counted}; the slowest took ${worstMs} ms`],
      faults: faultsOf(outcome),
    };
  } finally {
    await world.close();
  }
}

async function besideSlowReaders(): Promise<Found> {
  const lines: string[] = [];
  const shape = { flows: 200, seconds: 60, idleSeconds: 10, short: 10_000 };
  const found = await slowReaders(shape, (line) => lines.push(line));
  const over = (what: string, bytes: Readonly<Record<string, number>>, most: number): string[] =>
    Object.entries(bytes).flatMap(([program, more]) =>
      more > most ? [`${program} held ${Math.round(more / 1e6)} MB ${what}, ${most / 1e6} are allowed`] : [],
    );
  const faults = [
    ...over('above idle', found.growth, 64e6),
    ...over('more after 5,000 short flows', found.leaked, 16e6),
    ...(found.fastShare < 0.8 ? [`the fast flow kept ${found.fastShare.toFixed(2)} of its speed`] : []),
    ...(found.answered < 10_000 ? [`${10_000 - found.answered} short flows were not answered`] : []),
    ...(found.lost === '' ? [] : [`a slow flow was ${found.lost}`]),
  ];
  return { lines, faults };
}

/** A test of `npm test` that is as long as it is asked to be. */
async function atFullLength(file: string): Promise<Found> {
  const env = { ...process.env, [soakVariable]: '1' };
  const test = spawn(process.execPath, ['--test', file], { env, stdio: 'inherit' });
  const [code] = (await once(test, 'exit')) as [number | null];
  return { lines: [], faults: code === 0 ? [] : [`${file} failed`] };
}

async function herdReturns(): Promise<Found> {
  const found = await restartHerd(2_000, (line) => console.log(`  ${line}`));
  const { p95Ms, allMs, control, relay, dials, apiP99Ms, apiAsked } = found;
  return {
    lines: [
      `95 in 100 back after ${p95Ms} ms, all after ${allMs} ms`,
      `each asked the controller ${control.toFixed(2)} times and the relay ${relay.toFixed(2)} times; ${dials.toFixed(2)} dials, those that nobody listened to with them`,
      `an administrator waited at most ${Math.round(apiP99Ms)} ms (p99 of ${apiAsked})`,
    ],
    faults: herdFaults(found),
  };
}

async function canary(): Promise<Found> {
  const { sent, whole, leaks } = await twoPeople(100_000, (line) => console.log(`  ${line}`));
  const kinds = Object.entries(sent).map(([kind, count]) => `${kind} ${count}`);
  return { lines: [`${kinds.join(', ')}; ${whole} came whole`], faults: leaks };
}

/** A page and a WebSocket work within this after a death. */
const takenOverMs = 1_000;

async function failover(): Promise<Found> {
  const world = await WebFailover.open();
  const faults: string[] = [];
  const note = ({ what, pageMs, socketMs }: TakenOver): void => {
    const socket = socketMs === undefined ? '' : `, its WebSocket after ${socketMs} ms`;
    console.log(`  ${what}: a page after ${pageMs} ms${socket}`);
    if (Math.max(pageMs, socketMs ?? 0) > takenOverMs)
      faults.push(`${what}: a page after ${pageMs} ms${socket}`);
  };
  try {
    for (let time = 0; time < 5; time += 1) {
      note(await world.relayDies());
      note(await world.connectorDies('killed'));
    }
    for (let time = 0; time < 3; time += 1) note(await world.connectorDies('stopped'));
  } finally {
    await world.close();
  }
  return { lines: [], faults };
}

async function flipEveryByte(): Promise<Found> {
  const total = await bytesEachWay();
  const faults: string[] = [];
  const lines: string[] = [];
  for (const way of ['up', 'down'] as const) {
    let continued = 0;
    for (let place = 0; place < total[way]; place += 1) {
      if (place % 1_000 === 0) console.log(`  ${way}: byte ${place} of ${total[way]}`);
      const goesOn = await flipByte(way, place).catch((error: Error) => void faults.push(error.message));
      if (goesOn === true) continued += 1;
    }
    lines.push(
      `${way}: ${total[way]} bytes, of ${continued} the flow went on; of the rest the session had not begun`,
    );
  }
  return { lines, faults };
}

function list(): string {
  return Object.entries(soaks)
    .map(([name, { what }]) => `  ${name.padEnd(16)}${what}`)
    .join('\n');
}

const { positionals } = parseArgs({ allowPositionals: true });
const [name] = positionals;
const soak = name === undefined ? undefined : soaks[name];
if (soak === undefined) {
  console.error(
    `${name === undefined ? 'Give a name' : `There is no ${name}`}: npm run soak -- NAME\n${list()}`,
  );
  process.exitCode = 2;
} else {
  console.log(`${name}: ${soak.what}`);
  const { lines, faults } = await soak.run();
  for (const line of lines) console.log(`  ${line}`);
  console.log(faults.length === 0 ? 'held' : `did not hold: ${faults.join('; ')}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
