/** The end: the laptop is as it was. */
import assert from 'node:assert/strict';
import { curl } from '../ask.ts';
import { systemPicture } from '../system-picture.ts';
import type { Step } from '../tour.ts';

export const down: Step = {
  title: 'after postern down the laptop’s DNS, rules and routes are as before',
  async run(tour) {
    const { lab, before } = tour;
    await tour.alice();
    assert.notEqual(await systemPicture(lab.laptop), before, 'while up, the difference shows');
    await tour.leave();
    assert.equal(await systemPicture(lab.laptop), before);
    assert.equal((await curl(lab.laptop, 'http://www.public.example/')).code, 0);
    return 'resolv.conf, nftables, links, addresses, rules and routes: byte for byte as before the first up';
  },
};
