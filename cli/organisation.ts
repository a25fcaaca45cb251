/** `postern organisation`: the organisations of a controller, beside its data: whoever may read that is its operator. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { systemRandom } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import type { FoundOrganisation } from '../controller/operator/find-organisation.ts';
import { addLimits, shortLimits } from './organisation-limits.ts';
import { organisationOf } from './organisation-option.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { publicUrlOf } from './public-url.ts';
import { withDatabase, type DatabaseOptions } from './services-option.ts';
import { withStoreBeside } from './store-beside.ts';

export interface OrganisationOptions extends DatabaseOptions {
  data: string;
  publicUrl?: string;
  json?: boolean;
}

interface CreateOptions extends OrganisationOptions {
  address?: string;
}

export function organisationCommand(program: Command): void {
  const organisation = program
    .command('organisation')
    .description('the organisations of this controller, beside its data');
  withData(organisation.command('create <name>').description('add one, with a sign-in address of its own'))
    .option('--address <url>', "where its people sign in; NAME below the controller's host unless said")
    .action(action(create));
  withData(organisation.command('list').description('list them')).action(action(list));
  withData(
    organisation
      .command('suspend <name>')
      .description('end everything of it within a second, and let nobody in; nothing is lost'),
  ).action(action((which: string, options: OrganisationOptions) => suspend(which, options, true)));
  addLimits(organisation, withData);
  withData(
    organisation
      .command('export <name>')
      .description('print everything of it but secrets, as lines of JSON, with the hashes of its audit log'),
  ).action(action(exportAll));
  withData(
    organisation
      .command('delete <name>')
      .description('delete a suspended one for good; only the hashes of its audit log stay')
      .option('--confirm <name>', 'its name once more'),
  ).action(action(remove));
  withData(organisation.command('resume <name>').description('take a suspension back')).action(
    action((which: string, options: OrganisationOptions) => suspend(which, options, false)),
  );
}

function withData(command: Command): Command {
  return withDatabase(
    command
      .requiredOption('--data <folder>', "the controller's data", process.env['POSTERN_DATA'])
      .option('--public-url <url>', 'where the controller is reached; as it was last started unless said')
      .option('--json', 'as one JSON object'),
  );
}

async function create(
  name: string,
  { data, publicUrl, address, json = false, ...database }: CreateOptions,
): Promise<void> {
  const { createOrganisation, UnfitOrganisation } =
    await import('../controller/operator/create-organisation.ts');
  const { createSetupLink } = await import('../controller/administrators/setup-links.ts');
  const own = publicUrlOf(data, publicUrl);
  const made = await withStoreBeside(data, database, async (store) => {
    const nowMs = Date.now();
    const given = { name, address, publicUrl: own, nowMs };
    const {
      id,
      address: at,
      toProve,
    } = await createOrganisation(store, given).catch((error: unknown) => {
      throw error instanceof UnfitOrganisation ? new CommandError(exits.usage, error.message) : error;
    });
    const setup = await createSetupLink(store.forOrganisation(id), at, {
      nowMs,
      random: systemRandom,
      who: 'command line',
    });
    return { id, name, address: at.origin, setup, toProve };
  });
  print(json, { schema: 'postern.organisation/v1', ...made }, made.address);
  say(`${name} signs in at ${made.address}, which has to lead to this controller.
Its first owner opens within half an hour, once: ${made.setup}
Next: postern token create --data ${data} --organisation ${name} --role admin > ${name}.token`);
  if (made.toProve.length === 0) return;
  const records = made.toProve.map((record) => `  ${record.name} ${record.type} "${record.value}"`);
  say(`With several organisations public names have to be proven. Set within two days, or these stop working:
${records.join('\n')}`);
}

async function list({ data, publicUrl, json = false, ...database }: OrganisationOptions): Promise<void> {
  const rows = await withStoreBeside(data, database, (store) => store.organisationRows());
  const own = rows.some(({ address, deleted_ms: deleted }) => address === null && deleted === null)
    ? publicUrlOf(data, publicUrl)
    : undefined;
  const { limitsIn } = await import('../controller/operator/limits.ts');
  const organisations = rows.flatMap((row) =>
    row.deleted_ms === null ? [{ ...entryOf(row, own), limits: limitsIn(row) }] : [],
  );
  const lines = organisations.map(({ id, name, address, state, limits }) => [
    name ?? '–',
    address,
    state,
    id,
    shortLimits(limits),
  ]);
  print(json, { schema: 'postern.organisations/v1', organisations }, table(lines));
}

/** Lines of JSON, so that a large one needs no memory. */
async function exportAll(
  which: string,
  { data, publicUrl: _publicUrl, json: _json, ...database }: OrganisationOptions,
): Promise<void> {
  const { limitsIn } = await import('../controller/operator/limits.ts');
  const { exportOrganisation } = await import('../controller/operator/export-organisation.ts');
  await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    const { id, name, address, created_ms: createdMs } = found;
    const created = new Date(createdMs).toISOString();
    const limits = limitsIn(found);
    const head = { schema: 'postern.organisation-export/v1', id, name, address, created, limits };
    process.stdout.write(`${JSON.stringify(head)}\n`);
    for await (const line of exportOrganisation(store, id))
      if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
  });
}

async function remove(
  which: string,
  {
    data,
    publicUrl: _publicUrl,
    json = false,
    confirm,
    ...database
  }: OrganisationOptions & { confirm?: string },
): Promise<void> {
  const { deleteOrganisation, settledMs } = await import('../controller/operator/delete-organisation.ts');
  const { id, hash } = await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    const { suspended_ms: suspendedMs } = found;
    if (found.id === (await store.firstOrganisation()))
      throw new CommandError(
        exits.usage,
        'the first organisation is the operator’s own: its relays and its address serve the others',
      );
    if (suspendedMs === null)
      throw new CommandError(
        exits.usage,
        `${which} is in use; end that first: postern organisation suspend ${which} --data ${data}`,
      );
    if (confirm !== which)
      throw new CommandError(
        exits.usage,
        `this cannot be taken back; keep a copy with postern organisation export, and give --confirm ${which}`,
      );
    const waitMs = suspendedMs + settledMs - Date.now();
    if (waitMs > 0) {
      say('It was suspended just now; waiting until every connector has heard of it.');
      await setTimeout(waitMs);
    }
    return { id: found.id, hash: await deleteOrganisation(store, found.id, Date.now()) };
  });
  print(json, { schema: 'postern.organisation/v1', id, state: 'deleted', hash }, hash);
  say(`${which} is deleted. The hashes of its audit log stay; the last one is above.`);
}

async function suspend(
  which: string,
  { data, publicUrl: _publicUrl, json = false, ...database }: OrganisationOptions,
  isSuspended: boolean,
): Promise<void> {
  const { setSuspended } = await import('../controller/operator/suspension.ts');
  const now = { nowMs: Date.now(), who: 'command line' };
  const { id, changed } = await withStoreBeside(data, database, async (store) => {
    const found = await organisationOf(store, { organisation: which });
    return { id: found.id, changed: await setSuspended(store, found.id, isSuspended, now) };
  });
  const state = isSuspended ? 'suspended' : 'active';
  print(json, { schema: 'postern.organisation/v1', id, state, changed }, '');
  const back = `Take it back: postern organisation resume ${which} --data ${data}`;
  const said = isSuspended
    ? `Its people and programs reach nothing from now on, and nobody signs in. ${back}`
    : 'Its devices get back what they may have; nobody needs to sign in again for it.';
  say(`${which} ${changed ? 'is' : 'was already'} ${state}. ${said}`);
}

function entryOf(
  { id, name, address, suspended_ms: suspendedMs, created_ms: createdMs }: FoundOrganisation,
  own: URL | undefined,
) {
  return {
    id,
    name,
    address: address ?? own?.origin ?? '',
    state: suspendedMs === null ? 'active' : 'suspended',
    created: new Date(createdMs).toISOString(),
    ...(suspendedMs === null ? {} : { suspended: new Date(suspendedMs).toISOString() }),
  };
}
