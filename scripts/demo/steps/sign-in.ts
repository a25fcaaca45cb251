/** A person signs in with a browser and gets what her groups may use. */
import assert from 'node:assert/strict';
import { curl, titleOf } from '../ask.ts';
import type { Step } from '../tour.ts';

export const signInByBrowser: Step = {
  title: 'alice signs in with her browser, and may use what her groups may',
  async run(tour) {
    const { lab } = tour;
    const client = await tour.alice();
    const { session, resources } = await client.status();
    assert.equal(session?.email, 'alice@acme.example');
    assert.equal(resources.granted, 3);
    assert.equal(titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/')), lab.wiki.title);
    const why = await client.why('wiki');
    assert.equal(why.exit, 0);
    const entered = (await tour.organisation.audit('sign-in')).filter(({ result }) => result === 'done');
    assert.ok(entered.length > 0, 'the sign-in is in the audit log');
    const met = why.reasons.filter((reason) => reason.met).map(({ policy }) => policy);
    return `${session.email} by the browser that postern up opened, ${resources.granted} resources; wiki by ${met.join(', ')}`;
  },
};
