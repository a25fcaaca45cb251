/**
 * The tests of several organisations once more, with the records on a real PostgreSQL: what keeps them apart, what the
 * operator says of them and what they have proven holds there as it does on SQLite.
 */
import { after } from 'node:test';
import { startPostgres } from '../support/servers/postgres-server.ts';

const server = await startPostgres();
after(() => server.stop());
// Read when the tests' own support is first imported.
process.env['POSTERN_TEST_DATABASE'] = server.url;
await import('./organisations.test.ts');
await import('./name-proofs.test.ts');
