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

interface Soak {
  /** What it does, and how long it takes. */
  readonly what: string;
  run(): Promise<Outcome>;
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
};

async function onTwoRelays(scenario: (world: TwoRelays) => Promise<Outcome>): Promise<Outcome> {
  const world = await TwoRelays.open();
  try {
    return await scenario(world);
  } finally {
    await world.close();
  }
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
  const outcome = await soak.run();
  const { report } = outcome;
  for (const note of outcome.notes) console.log(`  ${note}`);
  console.log(
    `  ${report.flows} flows, ${report.blocks} blocks; lost ${report.lost}, wrong ${report.wrong}, missing ${report.missing}; the slowest took ${report.worstMs} ms`,
  );
  const faults = faultsOf(outcome);
  console.log(faults.length === 0 ? 'held' : `did not hold: ${faults.join('; ')}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
