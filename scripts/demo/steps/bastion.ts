/** SSH by name, with an unchanged ssh. */
import assert from 'node:assert/strict';
import type { Step } from '../tour.ts';

export const bastion: Step = {
  title: 'ssh to the bastion by its name runs a command there',
  async run(tour) {
    const { lab } = tour;
    await tour.ci();
    const args = ['-F', lab.bastion.configFile, 'root@bastion.acme.internal', 'hostname'];
    const { stdout, stderr } = await lab.laptop.run('ssh', args);
    assert.equal(stdout, 'bastion\n', stderr);
    return 'ssh bastion.acme.internal hostname: bastion';
  },
};
