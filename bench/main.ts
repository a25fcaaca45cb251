/**
 * `npm run bench`: ours beside a peer in interleaved rounds of one run, as one table, or with `--json` as one object.
 * Exits 1 when a peer is missing or too slow to be compared with, because then no ratio means anything.
 *
 *   npm run bench -- [--only NAME,…] [--json] [--rounds 5] [--seconds 10]
 */
import { parseArgs } from 'node:util';
import type { Measurement } from './comparison.ts';
import { throughputDirect } from './direct/throughput.ts';
import { clientMemory } from './figures/client-memory.ts';
import { nodeMemory, nodeMemoryBehindTls } from './figures/node-memory.ts';
import { decideUs } from './figures/decide.ts';
import { pushS } from './figures/push.ts';
import { rates } from './figures/rates.ts';
import { revocationP99 } from './figures/revocation.ts';
import { snapshotMs } from './figures/snapshot.ts';
import { dashboardFigures } from './pages/dashboard.ts';
import { firstRunS } from './pages/first-run.ts';
import { cpuRelayed } from './relayed/cpu.ts';
import { eightFlows } from './relayed/eight-flows.ts';
import { openRelayed } from './relayed/open.ts';
import { cpuSplice, throughputSplice } from './relayed/node-splice.ts';
import { rttRelayed } from './relayed/rtt.ts';
import { rtt80 } from './relayed/rtt80.ts';
import { throughputRelayed } from './relayed/throughput.ts';
import { asJson, asTable } from './report.ts';
import { downloadCaddy } from './web/download.ts';
import { requestsCaddy, requestsHttpProxy, webP99 } from './web/requests.ts';

const measurements: readonly Measurement[] = [
  throughputRelayed,
  throughputSplice,
  rttRelayed,
  openRelayed,
  cpuRelayed,
  cpuSplice,
  eightFlows,
  rtt80,
  throughputDirect,
  requestsHttpProxy,
  requestsCaddy,
  webP99,
  downloadCaddy,
  revocationP99,
  clientMemory,
  nodeMemory,
  nodeMemoryBehindTls,
  decideUs,
  pushS,
  snapshotMs,
  ...rates,
  ...dashboardFigures,
  firstRunS,
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
  },
});

/** `signin.s` stands for `signin.s.embedded.100` and the like. */
const named = (part: string): string[] =>
  measurements.map(({ name }) => name).filter((name) => name === part || name.startsWith(`${part}.`));
const names = (values.only?.split(',') ?? ['']).flatMap((part) => {
  const found = part === '' ? measurements.map(({ name }) => name) : named(part);
  return found.length === 0 ? [part] : found;
});
const unknown = names.filter((name) => !measurements.some((each) => each.name === name));
if (unknown.length > 0)
  fail(`unknown: ${unknown.join(', ')}; there is ${measurements.map((each) => each.name).join(', ')}`, 2);
if (process.getuid?.() !== 0)
  fail('the bench makes network namespaces, which needs root: sudo npm run bench', 10);

const options = { rounds: positive('rounds'), seconds: positive('seconds'), progress: tell };
const results = [];
for (const measurement of measurements.filter(({ name }) => names.includes(name))) {
  tell(`${measurement.name}: ${options.rounds} rounds`);
  results.push(
    await measurement.run(options).catch((error: Error) => fail(`${measurement.name}: ${error.message}`, 1)),
  );
}
process.stdout.write(values.json ? `${JSON.stringify(asJson(results))}\n` : asTable(results));

function positive(name: 'rounds' | 'seconds'): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1) fail(`--${name} takes a whole number from 1 on`, 2);
  return number;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function fail(why: string, exitCode: number): never {
  tell(`bench: ${why}`);
  process.exit(exitCode);
}
