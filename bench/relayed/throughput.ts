/** `throughput.relayed.ssh-jump`: one flow, the geometric mean of both directions. */
import { throughput } from '../iperf.ts';
import { besideSshJump, iperfPort } from './path.ts';

export const throughputRelayed = besideSshJump({
  name: 'throughput.relayed.ssh-jump',
  unit: 'Gbit/s',
  async measure({ laptop }, { host, port }, { seconds }) {
    return (await throughput(laptop, host, port(iperfPort), seconds)).gigabitsPerSecond;
  },
});
