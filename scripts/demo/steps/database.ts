/** A database through a wildcard resource. */
import assert from 'node:assert/strict';
import { demoDatabase } from '../../../test/support/lab/database.ts';
import { dig } from '../ask.ts';
import type { Step } from '../tour.ts';

export const database: Step = {
  title: 'psql opens db1 through the wildcard, and a name of it that does not exist stays unknown',
  async run(tour) {
    const { lab } = tour;
    await tour.ci();
    const { database: name, user, ships } = demoDatabase;
    const query = ['-At', '-U', user, '-d', name, '-c', 'SELECT name FROM ships ORDER BY name'];
    const { stdout, stderr } = await lab.laptop.run('psql', ['-h', 'db1.db.acme.internal', ...query]);
    assert.equal(stdout, ships.map(([ship]) => `${ship}\n`).join(''), stderr);
    const missing = await dig(lab.laptop, 'db9.db.acme.internal');
    assert.equal(missing.status, 'NXDOMAIN');
    return `db1.db.acme.internal: ${ships.map(([ship]) => ship).join(', ')}; db9: ${missing.status}`;
  },
};
