/**
 * What a test laptop's `postern up` meets: a small organisation whose wiki answers on port 80, and the ordinary resolver of
 * the network. Runs inside the laptop; prints the key first, then every name that the ordinary resolver was asked.
 */
import packet from 'dns-packet';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { encodeEnrolmentKey } from '../../../protocol/secrets.ts';
import { SmallOrganisation } from '../support/small-organisation.ts';

const [addresses = '192.0.2.53'] = process.argv.slice(2);

for (const address of addresses.split(',')) {
  const ordinary = createSocket('udp4');
  ordinary.on('message', (bytes, from) => {
    const query = packet.decode(bytes);
    const [question] = query.questions;
    print({ asked: question?.name ?? '' });
    const reply = packet.encode({
      type: 'response',
      id: query.id,
      flags: packet.RECURSION_DESIRED | 0x80,
      questions: query.questions,
      answers:
        question?.type === 'A' ? [{ type: 'A', name: question.name, ttl: 1, data: '203.0.113.7' }] : [],
    });
    ordinary.send(reply, from.port, from.address);
  });
  ordinary.bind(53, address);
  await once(ordinary, 'listening');
}

const wiki = createServer((_request, response) => response.end('the wiki'));
wiki.listen(80, '127.0.0.1');
await once(wiki, 'listening');

const ends: (() => unknown)[] = [];
const organisation = await SmallOrganisation.start({ after: (end) => void ends.push(end as () => unknown) });
organisation.wikiPort = 80;
organisation.relayHosts = ['relay.acme.internal'];
// A wildcard hostname that the connector serves no name of.
const { resources } = organisation.device;
const web = { hostnames: ['*.team.acme.example'], port: 443 };
organisation.device = {
  ...organisation.device,
  resources: Object.fromEntries(Object.entries(resources).map(([id, each]) => [id, { ...each, web }])),
};
await organisation.push();
print({ key: encodeEnrolmentKey(organisation.key()) });

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
