/**
 * What people of an organisation do, and what is done for them, once more with the records on a real PostgreSQL: roles,
 * invitations, proposals, requests.
 */
import { after } from 'node:test';
import { startPostgres } from '../support/servers/postgres-server.ts';

const server = await startPostgres();
after(() => server.stop());
// Read when the tests' own support is first imported.
process.env['POSTERN_TEST_DATABASE'] = server.url;
await import('./administrators.test.ts');
await import('./invitations.test.ts');
await import('./proposals.test.ts');
await import('./requests/requests.test.ts');
await import('./requests/request-rights.test.ts');
