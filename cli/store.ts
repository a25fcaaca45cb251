/** `postern store`: moves a controller's records from its file to PostgreSQL. */
import type { Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import { count } from './count.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { databaseOf, unusableDatabase, withDatabase, type DatabaseOptions } from './services-option.ts';

interface Options extends DatabaseOptions {
  data: string;
  json?: boolean;
}

export function storeCommand(program: Command): void {
  const store = program.command('store').description("where a controller's records are");
  withDatabase(
    store
      .command('move')
      .description('move the records of a stopped controller from its file to an empty PostgreSQL database')
      .requiredOption('--data <folder>', "the controller's data", process.env['POSTERN_DATA'])
      .option('--json', 'as one JSON object'),
  ).action(action(move));
}

async function move({ data, json = false, ...options }: Options): Promise<void> {
  const { hasStore } = await import('../controller/store/store.ts');
  const { moveRecords, MoveRefused } = await import('../controller/store/move-records.ts');
  const url = await databaseOf(options);
  if (url === undefined)
    throw new CommandError(
      exits.usage,
      'say where to: --database postgres://postern@db.acme.example/postern',
    );
  if (!hasStore(data)) throw new CommandError(exits.usage, `${data} holds no records; nothing was moved`);
  const { host, pathname } = new URL(url);
  const moved = await moveRecords(
    { directory: data, url, place: `${host}${pathname}` },
    ({ table: name, rows }) => {
      if (rows > 0 && !json) say(`${name}: ${count(rows, 'row')}`);
    },
  ).catch((error: unknown) => {
    if (error instanceof MoveRefused) throw new CommandError(exits.usage, error.message);
    throw unusableDatabase(error, url);
  });
  const rows = moved.reduce((sum, each) => sum + each.rows, 0);
  const tables = moved.filter((each) => each.rows > 0);
  print(
    json,
    { schema: 'postern.store-move/v1', rows, tables: moved },
    table([
      [
        `${count(rows, 'row')} in ${count(tables.length, 'table')}`,
        'moved, and compared with what was there',
      ],
    ]),
  );
  if (!json)
    say(`Start the controller with them from now on: postern controller --data ${data} --database … (the same secret key)
The file in ${data} stays, and no controller starts with it any more.`);
}
