/** `client.MB`: what a client that captures names holds in memory ten seconds after it is ready, in megabytes. */
import { openLab } from '../../test/support/lab/lab.ts';
import { Client } from '../../test/support/organisation/client.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { labSite } from '../../test/support/organisation/site.ts';
import { idleMegabytes } from '../../test/support/resident-memory.ts';
import type { Measurement } from '../comparison.ts';

export const clientMemory: Measurement = {
  name: 'client.MB',
  async run({ rounds, progress }) {
    const lab = await openLab();
    try {
      const organisation = await Organisation.start(labSite(lab));
      const keyFile = await organisation.serviceKey('ci');
      const values: number[] = [];
      for (let index = 0; index < rounds; index += 1) {
        const client = new Client(lab.laptop, 'measured');
        client.up(index === 0 ? ['--key-file', keyFile] : []);
        await client.ready();
        values.push(await idleMegabytes(client.program.pid));
        progress(`  round ${index + 1}: ${values.at(-1)?.toFixed(1)} MB`);
        await client.down();
      }
      return { kind: 'figure', name: this.name, unit: 'MB', values };
    } finally {
      await lab.close();
    }
  },
};
