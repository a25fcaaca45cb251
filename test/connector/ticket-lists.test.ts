/** Lists of tickets that come faster than they are checked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TicketLists } from '../../connector/ticket-lists.ts';
import { lab, labConnector } from '../support/relay-lab.ts';

test('of lists that came at once the last one counts, however long the others take, and one that nobody signed changes nothing', async () => {
  const connector = labConnector();
  const tickets = (count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, () => connector.ticket()));
  const long = await tickets(200);
  const short = await tickets(1);
  const inForce: (readonly string[])[] = [];
  let refused = 0;
  const lists = new TicketLists({
    card: () => lab.card,
    taken: (list) => inForce.push(list),
    refused: () => (refused += 1),
  });
  const forged = `${short[0]?.slice(0, -8)}AAAAAAAA`;
  await Promise.all([lists.take(long), lists.take(short), lists.take([short[0] ?? '', forged])]);
  assert.deepEqual(inForce, [long, short]);
  assert.equal(refused, 1);
});
