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

/** Adds both to `postern organisation`; `withData` gives a command the options of its neighbours. */
export function addLimits(organisation: Command, withData: (command: Command) => Command): void {
  withData(
    organisation
      .command('limit <name>')
      .description('say what it may have at most; what is in already goes on'),
  )
    .option('--people <number>', 'who may come in, guests among them, or none: no limit', atLeast(0))
    .option('--connectors <number>', 'connectors, or none: no limit', atLeast(0))
    .option('--requests <number>', 'requests a second at each controller, or none: no limit', atLeast(1))
    .action(action(limit));
  withData(
    organisation.command('usage <name>').description('what it makes use of, and what it may at most'),
  ).action(action(usage));
}

/** Reads a number, or `none` as null. */
function atLeast(least: number): (text: string) => number | null {
  return (text) => {
    if (text === 'none') return null;
    const number = Number(text);
    if (!/^\d{1,7}$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`give a number from ${least} to ${most}, or none.`);
    return number;
  };
}

async function limit(which: string, options: OrganisationOptions & Partial<Limits>): Promise<void> {
  const { data, publicUrl: _publicUrl, json = false, people, connectors, requests, ...database } = options;
  const given = {
    ...(people === undefined ? {} : { people }),
    ...(connectors === undefined ? {} : { connectors }),
    ...(requests === undefined ? {} : { requests }),
  };
  if (Object.keys(given).length === 0)
    throw new CommandError(
      exits.usage,
      `say what is limited: --people, --connectors or --requests, each a number or none; postern organisation usage ${which} --data ${data} shows what is`,
    );
  const { setLimits } = await import('../controller/operator/limits.ts');
  const now = { nowMs: Date.now(), who: 'command line' };
  const { id, limits } = await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    return { id: found.id, limits: await setLimits(store, found.id, given, now) };
  });
  print(json, { schema: 'postern.organisation-limits/v1', id, limits }, '');
  const shown = (['people', 'connectors', 'requests'] as const).map(
    (what) => `${what}${what === 'requests' ? ' a second' : ''}: ${limits[what] ?? 'no limit'}`,
  );
  say(`${which} may have at most: ${shown.join(', ')}. What it has already goes on.`);
}

async function usage(which: string, options: OrganisationOptions): Promise<void> {
  const { data, publicUrl: _publicUrl, json = false, ...database } = options;
  const { usageOf } = await import('../controller/operator/usage.ts');
  const { id, used } = await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    return { id: found.id, used: await usageOf(store.forOrganisation(found.id)) };
  });
  print(json, { schema: 'postern.organisation-usage/v1', id, ...used }, shownUsage(used));
}

function shownUsage({ people, connectors, requests }: Usage): string {
  const { limit: perSecond, months } = requests;
  return table([
    ['people', String(people.used), shownLimit(people.limit)],
    ['connectors', String(connectors.used), shownLimit(connectors.limit)],
    ['requests a second', '', shownLimit(perSecond)],
    ...months.map(({ month, requests: all, refused }) => [
      `requests in ${month}`,
      String(all),
      refused === 0 ? '' : `${refused} refused`,
    ]),
  ]);
}

function shownLimit(limit: number | null): string {
  return limit === null ? 'no limit' : `at most ${limit}`;
}
