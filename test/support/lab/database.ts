/** A real PostgreSQL in a place, with a small table, that trusts the user `demo` from its own private network. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/programs.ts';
import type { Place, Ran } from './place.ts';
import type { Program } from './program.ts';

/** Whom a test connects as, to which database, and what the table `ships` holds. */
export const demoDatabase = {
  database: 'acme',
  user: 'demo',
  ships: [
    ['Endeavour', 3],
    ['Pinta', 3],
    ['Spray', 1],
  ],
} as const;

/** PostgreSQL refuses to run as root. */
const asPostgres = ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--'];

/** Makes a new cluster below `dir`, starts it on port 5432 of `addresses` and waits until it answers. */
export async function startDatabase(
  place: Place,
  { addresses, dir }: { addresses: readonly string[]; dir: string },
): Promise<Program> {
  const data = join(dir, 'database');
  mkdirSync(data);
  const run = async (command: string, args: string[], input = ''): Promise<void> =>
    mustSucceed(await place.run(command, args, { cwd: data, input }));

  await run('chown', ['postgres:postgres', data]);
  const initdb = [findProgram('initdb'), '-D', data, '--no-sync', '-A', 'reject', '-E', 'UTF8', '--locale=C'];
  await run('setpriv', [...asPostgres, ...initdb]);
  const postgres = [findProgram('postgres'), '-D', data];
  const single = [...asPostgres, findProgram('postgres'), '--single', '-D', data];
  const rows = demoDatabase.ships.map(([name, masts]) => `('${name}', ${masts})`).join(', ');
  await run(
    'setpriv',
    [...single, 'postgres'],
    'CREATE ROLE demo LOGIN;\nCREATE DATABASE acme OWNER demo;\n',
  );
  await run(
    'setpriv',
    [...single, 'acme'],
    `CREATE TABLE ships (name text PRIMARY KEY, masts int);\nINSERT INTO ships VALUES ${rows};\nGRANT ALL ON ships TO demo;\n`,
  );
  writeFileSync(join(data, 'pg_hba.conf'), 'host acme demo samenet trust\n');
  appendFileSync(
    join(data, 'postgresql.conf'),
    `listen_addresses = '${addresses.join(',')}'\nunix_socket_directories = ''\nfsync = off\n`,
  );
  const program = place.spawn('setpriv', [...asPostgres, ...postgres], { name: 'postgres', cwd: data });
  await program.waitFor(/ready to accept connections/);
  return program;
}

function mustSucceed({ code, stdout, stderr }: Ran): void {
  if (code !== 0) throw new Error(`the database could not be made (${code}):\n${stdout}${stderr}`);
}
