/** Names outside the zones go where they always went, and names inside never do. */
import assert from 'node:assert/strict';
import { curl, dig } from '../ask.ts';
import type { Step } from '../tour.ts';
import { askedBefore } from './no-route.ts';

const outside = 'www.public.example';
const control = 'control.acme.internal';

export const publicNames: Step = {
  title: 'a name outside the zones is answered by the public resolver, which never saw a protected one',
  shows: 'SEC-E3',
  async run(tour) {
    const { lab } = tour;
    // The log does see such a question while nobody's client runs.
    await tour.leave();
    await dig(lab.laptop, control);
    const questions = lab.publicDns.questions();
    assert.ok(questions.some(({ name }) => name === control));
    const before = questions.length;

    await tour.alice();
    assert.deepEqual((await dig(lab.laptop, outside)).answers, [lab.addresses.publicSite]);
    assert.equal((await curl(lab.laptop, `http://${outside}/`)).code, 0);
    for (const name of ['wiki', 'nothing', 'db1.db', 'db9.db']) {
      for (const type of ['A', 'AAAA', 'HTTPS', 'MX']) await dig(lab.laptop, `${name}.acme.internal`, type);
    }
    const asked = lab.publicDns.questions().slice(before);
    assert.ok(asked.some(({ name, from }) => name === outside && from === lab.addresses.laptopNat));
    const leaked = lab.publicDns
      .questions()
      .filter(({ name }) => name.endsWith('acme.internal') && name !== askedBefore && name !== control);
    assert.deepEqual(leaked, []);
    return `${outside} is ${lab.addresses.publicSite}, by the public resolver; its log has ${lab.publicDns.questions().length} questions, none of them for a protected name`;
  },
};
