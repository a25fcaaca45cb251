/** What the relay's process holds in memory of what it passes: nothing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { searchMemory, type Marker } from '../../../test/support/memory-search.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { dig } from '../ask.ts';
import type { Step } from '../tour.ts';

export const blindRelay: Step = {
  title:
    'the relay’s memory holds no marker of URL, header, body, host name or e-mail, and the connector’s holds all',
  shows: 'T1, AUD-8',
  async run(tour) {
    const { lab, organisation } = tour;
    const [url, header, body, host, email] = Array.from({ length: 5 }, () => randomBytes(32)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    const address = `${email.toString('hex')}@acme.example`;
    organisation.provider.setPerson(address, { groups: ['staff', 'sre'] });
    // A label takes 63 characters, so the host's marker spans two.
    const hostName = `${host.toString('hex').replace(/^.{32}/, '$&.')}.db.acme.internal`;
    lab.privateDns.set(hostName, [{ type: 'A', data: lab.addresses.db1 }]);
    await tour.sit('marked', async (client) => {
      const person = await tour.person(address);
      await person.upByCode(client);
      await person.close();
    });

    const bodyFile = join(lab.dir, 'marked-body');
    writeFileSync(bodyFile, Buffer.concat(Array.from({ length: 1_024 }, () => body)));
    const request = `curl -sS --fail -o /dev/null --data-binary @${bodyFile} -H 'x-marker: ${header.toString('base64')}' \
      'http://wiki.acme.internal/echo?${url.toString('hex')}'`;
    const query = `psql -h ${hostName} -U demo -d acme -Atc 'SELECT count(*) FROM ships'`;
    // Traffic goes on while the memories are read: a buffer that is free again may hold anything.
    const loop = `while ${request} && ${query}; do :; done`;
    const traffic = lab.laptop.spawn('sh', ['-c', loop], { name: 'marked-traffic' });
    try {
      await traffic.waitFor(/(?:3\n){3}/);
      const markers: Marker[] = [
        { name: 'URL', bytes: url },
        { name: 'header', bytes: header },
        { name: 'body', bytes: body },
        { name: 'host name', bytes: host.subarray(0, 16) },
        { name: 'host name’s second half', bytes: host.subarray(16) },
        { name: 'e-mail', bytes: email },
      ];
      assert.equal((await dig(lab.laptop, hostName)).status, 'NOERROR');
      await eventually(
        'every marker in the memory of the connector',
        async () => {
          const found = await searchMemory(organisation.connector.pid, markers);
          return found.size === markers.length ? true : undefined;
        },
        { timeoutMs: 60_000 },
      );
      const atRelay = await searchMemory(organisation.relay.pid, markers);
      assert.deepEqual([...atRelay], []);
      await traffic.waitFor(/3\n/, { from: traffic.output.length });
      return `connector: all of ${markers.map(({ name }) => name).join(', ')}; relay: none, as bytes, hex or base64`;
    } finally {
      await traffic.stop('SIGKILL');
    }
  },
};
