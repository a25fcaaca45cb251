/**
 * Captures names as `postern up` does, with sample knowledge and flows that say where they were meant to go: the program
 * of a test laptop. Also plays the laptop's ordinary resolver on 127.0.0.1 and lists what that was asked.
 */
import assert from 'node:assert/strict';
import packet from 'dns-packet';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { parseRange, type AddressRange } from '../../../client/dns/address-range.ts';
import { NameCapture } from '../../../client/name-capture.ts';
import { namesOf } from '../../../client/accounts/names.ts';
import { takeOverFromWatchdog } from '../../../client/watchdog/take-over.ts';
import { Fault } from '../../../protocol/errors.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { sample } from '../dns/knowledge.ts';
import { echoFlow } from '../support/flows.ts';

const [statePath = '', range = '100.96.0.0/12', uids = '0,4242'] = process.argv.slice(2);
const asked: string[] = [];
const ordinary = createSocket('udp4');
ordinary.on('message', (bytes, from) => {
  const query = packet.decode(bytes);
  const [question] = query.questions;
  asked.push(question?.name ?? '');
  const reply = packet.encode({
    type: 'response',
    id: query.id,
    flags: packet.RECURSION_DESIRED,
    questions: query.questions,
    answers: question?.type === 'A' ? [{ type: 'A', name: question.name, ttl: 60, data: '203.0.113.7' }] : [],
  });
  ordinary.send(reply, from.port, from.address);
});
ordinary.bind(53, '127.0.0.1');
await once(ordinary, 'listening');

await takeOverFromWatchdog(statePath);
const capture = await NameCapture.start({
  state: openStateDirectory(statePath),
  range: parseRange(range) as AddressRange,
  uids: uids.split(',').map(Number),
  names: (domains) => namesOf(sample, domains),
  connector: {
    exists: (name) => Promise.resolve(name.startsWith('db') ? ('yes' as const) : ('no' as const)),
    records: () => Promise.resolve('unknown' as const),
  },
  openFlow: ({ host, port }) => {
    const name = capture.nameOf(host);
    if (name === undefined) return Promise.reject(new Fault('denied'));
    return port === 81 ? Promise.reject(new Fault('port-not-listed')) : Promise.resolve(greeting(name, port));
  },
  openDatagrams: () => Promise.reject(new Fault('port-not-listed')),
  notKept: () => assert.fail('addresses are written down'),
});
print({ range: capture.changes.range, routing: capture.changes.routing, pid: process.pid });

// Ends in order when whoever started it closes its input.
for await (const _line of process.stdin);
const undone = await capture.stop();
print({ ...undone, asked });
process.exit(0);

/** A flow that says where it leads, echoes what it is sent, and ends when its other side does. */
function greeting(name: string, port: number): Duplex {
  const flow = echoFlow();
  flow.push(`${name}:${port}\n`);
  return flow;
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
