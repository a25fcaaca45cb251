/** The relay goes away and comes back. */
import assert from 'node:assert/strict';
import { curl, titleOf } from '../ask.ts';
import { eventually } from '../../../test/support/eventually.ts';
import type { Step } from '../tour.ts';

const url = 'http://wiki.acme.internal/';

export const relayRestart: Step = {
  title: 'the relay is stopped and started, and a new flow opens within a second',
  async run(tour) {
    const { lab, organisation } = tour;
    await tour.alice();
    assert.equal(titleOf(await curl(lab.laptop, url)), lab.wiki.title);
    await organisation.relay.stop();
    const without = await curl(lab.laptop, url);
    assert.notEqual(without.code, 0, 'without the relay there is no way in');

    const silentAt = await organisation.startRelay();
    await eventually(
      'a new flow',
      async () => {
        const fetched = await curl(lab.laptop, url, '--max-time', '1');
        return titleOf(fetched) === lab.wiki.title ? true : undefined;
      },
      { everyMs: 10 },
    );
    const tookMs = Math.round(performance.now() - silentAt);
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
    return `stopped: ${without.error.replace(/^curl: /, '')}; "${lab.wiki.title}" ${tookMs} ms after the relay began to listen`;
  },
};
