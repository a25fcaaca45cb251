/** What a person learns who may not: nothing of what is not theirs, and the reason of what nearly is. */
import assert from 'node:assert/strict';
import { eventually } from '../../../test/support/eventually.ts';
import { curl, dig, titleOf, type Dug } from '../ask.ts';
import type { Step, Tour } from '../tour.ts';

const wiki = 'wiki.acme.internal';
const nothing = 'nothing.acme.internal';

export const refusals: Step = {
  title:
    'bob, whom no allow names, cannot tell the wiki from nothing; with an allow he learns the condition he fails',
  shows: 'T7',
  async run(tour) {
    const { lab, organisation } = tour;
    const allow = { allow: { people: ['bob@acme.example'] }, to: { resources: ['wiki'] } };
    const client = await tour.bob();

    // With the grant the very same thing works.
    await organisation.apply(({ policies = [] }) => policies.push({ name: 'bob-wiki', ...allow }));
    await answer(tour, wiki, ({ status }) => status === 'NOERROR');
    assert.equal(titleOf(await curl(lab.laptop, `http://${wiki}/`)), lab.wiki.title);

    await organisation.apply();
    const hidden = await answer(tour, wiki, ({ status }) => status === 'NXDOMAIN');
    const missing = await dig(lab.laptop, nothing);
    assert.equal(hidden.extended?.code, 15);
    assert.deepEqual(missing, hidden, 'both answers are the same');
    assert.equal((await curl(lab.laptop, `http://${wiki}/`)).code, 6);
    const [whyHidden, whyMissing] = [await client.why(wiki), await client.why(nothing)];
    assert.equal(whyHidden.exit, 4);
    assert.deepEqual({ ...whyMissing, resource: wiki }, whyHidden);

    await organisation.apply(({ policies = [] }) =>
      policies.push({ name: 'bob-wiki', ...allow, when: { mfa: '12h' } }),
    );
    const refused = await answer(tour, wiki, ({ extended }) => extended?.code === 18);
    assert.equal(refused.status, 'NXDOMAIN');
    assert.match(refused.extended?.text ?? '', /single factor/);
    const whyRefused = await client.why(wiki);
    assert.equal(whyRefused.exit, 4);
    assert.ok(whyRefused.reasons.some(({ name, met }) => name === 'mfa-missing' && !met));
    await organisation.apply();
    return `bob, by a typed code: both 15 "${hidden.extended?.text}"; then 18 "${refused.extended?.text}"; why exits 4 each time`;
  },
};

/** Asks until the answer is as wanted: a change reaches the laptop soon, not at once. */
async function answer({ lab }: Tour, name: string, wanted: (dug: Dug) => boolean): Promise<Dug> {
  return eventually(`an answer for ${name}`, async () => {
    const dug = await dig(lab.laptop, name);
    return wanted(dug) ? dug : undefined;
  });
}
