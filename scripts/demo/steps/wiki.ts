/** The main job: a web application by its name, without an address of the private network on the laptop. */
import assert from 'node:assert/strict';
import { curl, dig, titleOf } from '../ask.ts';
import type { Step } from '../tour.ts';

export const wiki: Step = {
  title: 'curl opens the wiki by its name, and no internal address reaches the laptop',
  shows: 'T1',
  async run(tour) {
    const { lab } = tour;
    const client = await tour.ci();
    const { answers } = await dig(lab.laptop, 'wiki.acme.internal');
    assert.match(answers.join(), /^100\.96\./);
    assert.equal(titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/')), lab.wiki.title);
    const { body } = await curl(lab.laptop, 'http://wiki.acme.internal/whoami');
    assert.ok(body.includes(`you are ${lab.addresses.connector}:`), body);
    const hasAddress = await lab.laptop.run('grep', ['-rlE', String.raw`\b10\.20\.[0-9]`, client.state]);
    assert.equal(hasAddress.stdout, '', 'the client keeps no internal address');
    const status = await client.run('status', '--json');
    const resources = await client.run('resources', '--json');
    assert.doesNotMatch(status.stdout + resources.stdout, /\b10\.20\.\d/);
    return `wiki.acme.internal is ${answers.join()} here; "${lab.wiki.title}"; the wiki saw ${lab.addresses.connector}`;
  },
};
