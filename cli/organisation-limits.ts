/** `postern organisation limit` and `usage`: what one of several may have at most, and what it has, beside the data. */
import { InvalidArgumentError, type Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import type { Usage } from '../protocol/usage.ts';
import type { Limits } from '../controller/operator/limits.ts';
import type { OrganisationOptions } from './organisation.ts';
import { organisationOf } from './organisation-option.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { withStoreBeside } from './store-beside.ts';

const most = 1_000_000;

const limited = ['people', 'connectors', 'requests', 'flows', 'relay'] as const;
const labels: Readonly<Record<keyof Limits, string>> = {
  people: 'people',
  connectors: 'connectors',
  requests: 'requests a second',
  flows: 'open flows',
  relay: 'Mbit/s relayed',
};

/** Adds both to `postern organisation`; `withData` gives a command the options of its neighbours. */
export function addLimits(organisation: Command, withData: (command: Command) => Command): void {
  withData(
    organisation
      .command('limit <name>')
      .description('say what it may have at most; what is in already goes on'),
  )
    .option('--people <number>', 'who may come in, guests among them, or none: no limit', atLeast(0))
    .option('--connectors <number>', 'connectors, or none: no limit', atLeast(0))
    .option('--requests <number>', 'requests a second, or none: no limit', atLeast(1))
    .option('--flows <number>', 'flows open at once, or none: no limit', atLeast(0))
    .option('--relay <Mbit/s>', 'what may pass the relays, both ways together, or none: no limit', atLeast(1))
    .action(action(limit));
  withData(
    organisation.command('usage <name>').description('what it makes use of, and what it may at most'),
  ).action(action(usage));
}

/** As typed: commander makes of a parser's null an empty text. */
type Typed = { readonly [what in keyof Limits]?: number | 'none' };

/** Reads a number, or `none`. */
function atLeast(least: number): (text: string) => number | 'none' {
  return (text) => {
    if (text === 'none') return text;
    const number = Number(text);
    if (!/^\d{1,7}$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`give a number from ${least} to ${most}, or none.`);
    return number;
  };
}

async function limit(which: string, options: OrganisationOptions & Typed): Promise<void> {
  const { data, publicUrl: _publicUrl, json = false, ...more } = options;
  const { people, connectors, requests, flows, relay, ...database } = more;
  const named = Object.entries({ people, connectors, requests, flows, relay });
  const given: Partial<Limits> = Object.fromEntries(
    named.flatMap(([what, most]) => (most === undefined ? [] : [[what, most === 'none' ? null : most]])),
  );
  if (Object.keys(given).length === 0)
    throw new CommandError(
      exits.usage,
      `say what is limited: --people, --connectors, --requests, --flows or --relay, each a number or none; postern organisation usage ${which} --data ${data} shows what is`,
    );
  const { setLimits } = await import('../controller/operator/limits.ts');
  const now = { nowMs: Date.now(), who: 'command line' };
  const { id, limits } = await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    return { id: found.id, limits: await setLimits(store, found.id, given, now) };
  });
  print(json, { schema: 'postern.organisation-limits/v1', id, limits }, '');
  const shown = limited.map((what) => `${labels[what]}: ${limits[what] ?? 'no limit'}`);
  say(`${which} may have at most: ${shown.join(', ')}. What it has already goes on.`);
}

/** Those that there are, in one line of a table. */
export function shortLimits(limits: Limits): string {
  const set = limited.flatMap((what) => (limits[what] === null ? [] : [`${labels[what]} ${limits[what]}`]));
  return set.length === 0 ? 'no limits' : set.join(', ');
}

async function usage(which: string, options: OrganisationOptions): Promise<void> {
  const { data, publicUrl: _publicUrl, json = false, ...database } = options;
  const { usageOf } = await import('../controller/operator/usage.ts');
  const { id, used } = await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    return { id: found.id, used: await usageOf(store.forOrganisation(found.id), Date.now()) };
  });
  print(json, { schema: 'postern.organisation-usage/v1', id, ...used }, shownUsage(used));
}

function shownUsage({ people, connectors, requests, flows, relay }: Usage): string {
  const { limit: perSecond, months } = requests;
  return table([
    [labels.people, String(people.used), shownLimit(people.limit)],
    [labels.connectors, String(connectors.used), shownLimit(connectors.limit)],
    [labels.requests, '', shownLimit(perSecond)],
    [labels.flows, String(flows.used), shownLimit(flows.limit)],
    [labels.relay, String(relay.used), shownLimit(relay.limit)],
    ...months.flatMap(({ month, requests: all, refused, relayed }) => [
      [`requests in ${month}`, String(all), refused === 0 ? '' : `${refused} refused`],
      [`relayed in ${month}`, `${(relayed / 1e6).toFixed(1)} MB`, ''],
    ]),
  ]);
}

function shownLimit(limit: number | null): string {
  return limit === null ? 'no limit' : `at most ${limit}`;
}
