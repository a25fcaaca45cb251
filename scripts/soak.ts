/**
 * `npm run soak -- NAME`: the long forms of tests whose short forms are part of `npm test`. Prints what was found as it goes
 * and ends with 0 only when it held. Needs root on Linux and a built program, as the tests do.
 */
import { parseArgs } from 'node:util';
import {
  drainRelays,
  faultsOf,
  killRelays,
  silenceRelays,
  type Outcome,
} from '../test/support/relays/relay-scenarios.ts';
import { TwoRelays } from '../test/support/relays/two-relays.ts';
import { slowReaders } from '../test/support/slow-readers.ts';

interface Soak {
  /** What it does, and how long it takes. */
  readonly what: string;
  /** Answers what did not hold; nothing when all did. */
  run(): Promise<readonly string[]>;
}

const load = { flows: 100, everyMs: 250 };

const soaks: Readonly<Record<string, Soak>> = {
  'relay-kill': {
    what: 'REL-1: one of two relays killed every 20 s under 100 flows, 5 minutes',
    run: () => onTwoRelays((world) => killRelays(world, load, { kills: 15, everyS: 20 })),
  },
  'relay-silence': {
    what: 'REL-2: each of two relays silent, then stopped, under 100 flows, 1 minute',
    run: () => onTwoRelays((world) => silenceRelays(world, load)),
  },
  'relay-drain': {
    what: 'REL-7: a rolling restart of two relays, ten times, under 500 flows, 2 minutes',
    run: () => onTwoRelays((world) => drainRelays(world, { flows: 500, everyMs: 1_000 }, 20)),
  },
  'slow-readers': {
    what: 'REL-10: 200 readers at 64 kB/s beside a fast one for a minute, then 10,000 short flows, 4 minutes',
    run: besideSlowReaders,
  },
};

async function onTwoRelays(scenario: (world: TwoRelays) => Promise<Outcome>): Promise<readonly string[]> {
  const world = await TwoRelays.open();
  try {
    const outcome = await scenario(world);
    const { report } = outcome;
    for (const note of outcome.notes) console.log(`  ${note}`);
    console.log(
      `  ${report.flows} flows, ${report.blocks} blocks; lost ${report.lost}, wrong ${report.wrong}, missing ${report.missing}; the slowest took ${report.worstMs} ms`,
    );
    return faultsOf(outcome);
  } finally {
    await world.close();
  }
}

async function besideSlowReaders(): Promise<readonly string[]> {
  const found = await slowReaders({ flows: 200, seconds: 60, idleSeconds: 10, short: 10_000 }, (line) =>
    console.log(`  ${line}`),
  );
  const over = (what: string, bytes: Readonly<Record<string, number>>, most: number): string[] =>
    Object.entries(bytes).flatMap(([program, more]) =>
      more > most ? [`${program} held ${Math.round(more / 1e6)} MB ${what}, ${most / 1e6} are allowed`] : [],
    );
  return [
    ...over('above idle', found.growth, 64e6),
    ...over('more after 5,000 short flows', found.leaked, 16e6),
    ...(found.fastShare < 0.8 ? [`the fast flow kept ${found.fastShare.toFixed(2)} of its speed`] : []),
    ...(found.answered < 10_000 ? [`${10_000 - found.answered} short flows were not answered`] : []),
    ...(found.lost === '' ? [] : [`a slow flow was ${found.lost}`]),
  ];
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
  const faults = await soak.run();
  console.log(faults.length === 0 ? 'held' : `did not hold: ${faults.join('; ')}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
