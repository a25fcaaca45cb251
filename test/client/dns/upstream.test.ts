/** Forwarding when there is no way to a resolver, or none behind it: the next is asked, and nothing is thrown. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { forward, type Upstream } from '../../../client/dns/upstream.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import { question } from './knowledge.ts';

/** No interface has it, so the system knows no route: multicast through an interface that is not there. */
const nowhere: Upstream = { address: 'ff02::fb%postern-none', port: 53 };
/** A broadcast address, which the system does not let a socket connect to without being asked. */
const forbidden: Upstream = { address: '255.255.255.255', port: 53 };

const query = question('www.acme.example', 'A', false);
const questionEnd = query.length;

/** A resolver that sends back what it is asked, as an answer. */
async function echo(t: TestContext): Promise<Upstream> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const answer = Buffer.from(bytes);
    answer.writeUInt16BE(answer.readUInt16BE(2) | 0x8000, 2);
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { address: '127.0.0.1', port: socket.address().port };
}

for (const [name, upstream] of [
  ['without a route', nowhere],
  ['that may not be sent to', forbidden],
] as const) {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`a resolver ${name} is passed over (${transport})`, async () => {
      assert.equal(await forward(query, questionEnd, transport, [upstream], systemRandom), undefined);
    });
  }
  test(`behind a resolver ${name} the next one answers, under the id that was asked with`, async (t) => {
    const answer = await forward(query, questionEnd, 'udp', [upstream, await echo(t)], systemRandom);
    assert.equal(answer?.readUInt16BE(0), query.readUInt16BE(0));
  });
}
