/** A right that is taken away while it is in use. */
import assert from 'node:assert/strict';
import { eventually } from '../../../test/support/eventually.ts';
import type { Lab } from '../../../test/support/lab/lab.ts';
import type { Step } from '../tour.ts';

export const revocation: Step = {
  title: 'removing the policy ends an open ssh within a second, and status says why',
  shows: 'REL-6',
  async run(tour) {
    const { lab, organisation } = tour;
    const client = await tour.alice();
    const ticking = 'while :; do date +%s%3N; sleep 0.05; done';
    const ssh = lab.laptop.spawn(
      'ssh',
      ['-F', lab.bastion.configFile, 'root@bastion.acme.internal', ticking],
      { name: 'ssh' },
    );
    await ssh.waitFor(/^\d{13}\n\d{13}$/m);
    const endedOnLaptop = ssh.ended.then(() => Date.now());
    assert.notEqual(await connections(lab), '', 'the bastion has the connection');
    const endedAtBastion = eventually(
      'the end of the connection at the bastion',
      async () => ((await connections(lab)) === '' ? Date.now() : undefined),
      { everyMs: 20 },
    );

    await organisation.apply((document) => {
      document.policies = (document.policies ?? []).filter(({ name }) => name !== 'sre-bastion');
    });
    const [laptop, peer] = await Promise.all([endedOnLaptop, endedAtBastion]);
    // The entry is written before the API answers, so that nothing here is flattered.
    const change = (await organisation.audit('document')).at(-1);
    assert.ok(change !== undefined, 'the change is in the audit log');
    const changedAt = Date.parse(change.time);
    const lastTick = Number(
      ssh.output
        .trim()
        .split('\n')
        .findLast((line) => /^\d{13}$/.test(line)),
    );
    for (const at of [laptop, peer, lastTick])
      assert.ok(at - changedAt < 1_000, `${at - changedAt} ms after the change`);

    const incident = (await client.status()).recent.find(({ event }) => event === 'ended');
    assert.equal(incident?.code, 'revoked');
    assert.equal(incident.host, 'bastion.acme.internal');
    await organisation.apply();
    return `ssh ended ${laptop - changedAt} ms after the change, at the bastion ${peer - changedAt} ms; status: ${incident.text}`;
  },
};

/** What the bastion's machine lists as open with its SSH server. */
async function connections({ servers, addresses }: Lab): Promise<string> {
  const filter = ['state', 'established', 'src', `${addresses.bastion}:22`];
  return (await servers.run('ss', ['-Htn', ...filter])).stdout;
}
