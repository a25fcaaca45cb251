/** The tests of directories once more, with the records on a real PostgreSQL. */
import { after } from 'node:test';
import { startPostgres } from '../../support/servers/postgres-server.ts';

const server = await startPostgres();
after(() => server.stop());
// Read when the tests' own support is first imported.
process.env['POSTERN_TEST_DATABASE'] = server.url;
await import('./dialects.test.ts');
await import('./directory.test.ts');
