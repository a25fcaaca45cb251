/** Before anything of Postern runs on the laptop: the private network is out of reach. */
import assert from 'node:assert/strict';
import { curl, dig, titleOf } from '../ask.ts';
import type { Step } from '../tour.ts';

/** A name that is asked for on purpose while nobody's client protects it. */
export const askedBefore = 'before.acme.internal';

export const noRoute: Step = {
  title: 'the laptop has no route to the private network, and a direct connection fails',
  async run({ lab }) {
    const url = `http://${lab.addresses.wiki}/`;
    assert.equal(titleOf(await curl(lab.hq, url)), lab.wiki.title, 'the wiki answers inside');
    const routes = await lab.laptop.run('ip', ['route', 'show', 'table', 'all']);
    assert.doesNotMatch(routes.stdout, /\b10\.20\./);
    const direct = await curl(lab.laptop, url);
    assert.equal(direct.code, 7, direct.error);
    const { status } = await dig(lab.laptop, askedBefore);
    assert.equal(status, 'NXDOMAIN');
    return `inside, ${url} is "${lab.wiki.title}"; from the laptop: ${direct.error.replace(/^curl: /, '')}`;
  },
};
