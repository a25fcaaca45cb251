/**
 * The database that tests of the controller open. A SQLite file in their directory, unless POSTERN_TEST_DATABASE names a
 * PostgreSQL server: then one database for each directory, so that the same tests run on both.
 */
import { createHash } from 'node:crypto';
import { dropDatabase, makeDatabase } from './postgres-server.ts';

const server = process.env['POSTERN_TEST_DATABASE'];

/** The URL of the database that belongs to this directory; undefined: the file in it. */
export async function testDatabase(directory: string): Promise<string | undefined> {
  return server === undefined ? undefined : makeDatabase(server, nameOf(directory));
}

/** Takes it away with the directory. */
export async function dropTestDatabase(directory: string): Promise<void> {
  if (server !== undefined) await dropDatabase(server, nameOf(directory));
}

function nameOf(directory: string): string {
  return `test_${createHash('sha256').update(directory).digest('hex').slice(0, 24)}`;
}
