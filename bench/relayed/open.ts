/** `open.relayed.ssh-jump`: the p50 of 200 times from connecting to the first answer. Less is better. */
import { openMs } from '../echo.ts';
import { besideSshJump, echoPort } from './path.ts';

export const openRelayed = besideSshJump({
  name: 'open.relayed.ssh-jump',
  unit: 'ms',
  measure: ({ laptop }, { host, port }) => openMs(laptop, host, port(echoPort), 200),
});
