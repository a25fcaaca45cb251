/** `rtt.relayed.ssh-jump`: the p50 of 2,000 round trips of 64 bytes on one flow. Less is better. */
import { roundTripMs } from '../echo.ts';
import { besideSshJump, echoPort } from './path.ts';

export const rttRelayed = besideSshJump({
  name: 'rtt.relayed.ssh-jump',
  unit: 'ms',
  measure: ({ laptop }, { host, port }) => roundTripMs(laptop, host, port(echoPort), 2_000),
});
