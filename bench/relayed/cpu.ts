/**
 * `cpu.relayed.ssh-jump`: processor time for a gigabyte at full speed, of every program that carries it: client, relay
 * and connector beside both ssh and both sshd. Less is better.
 */
import { cpuSeconds } from '../cpu-time.ts';
import { throughput } from '../iperf.ts';
import { besideSshJump, iperfPort } from './path.ts';

export const cpuRelayed = besideSshJump({
  name: 'cpu.relayed.ssh-jump',
  unit: 's/GB',
  // The kernel's own way has no program that carries bytes.
  reference: false,
  async measure({ laptop }, { host, port, pids }, { seconds }) {
    const before = cpuSeconds(pids);
    const { gigabytes } = await throughput(laptop, host, port(iperfPort), seconds);
    return (cpuSeconds(pids) - before) / gigabytes;
  },
});
