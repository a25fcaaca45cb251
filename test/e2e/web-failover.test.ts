/** A page in a real Chromium whose relay dies, and then its connector: the other one stands in for each within a second. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { WebFailover, type TakenOver } from '../support/web-failover.ts';

const mostMs = 1_000;

suite('a public hostname with two relays and two connectors', () => {
  let world: WebFailover;
  before(async () => {
    world = await WebFailover.open();
  });
  after(async () => {
    await world.close();
  });

  test('when its relay is killed a page reloads, and a WebSocket that it opens again works, within a second by the other', async () => {
    isInTime(await world.relayDies());
  });

  test('when its connector is killed the same holds by the other connector', async () => {
    isInTime(await world.connectorDies('killed'));
  });
});

function isInTime({ what, pageMs, socketMs = Number.POSITIVE_INFINITY }: TakenOver): void {
  assert.ok(
    pageMs < mostMs && socketMs < mostMs,
    `${what}: a page after ${pageMs} ms, a WebSocket after ${socketMs} ms`,
  );
}
