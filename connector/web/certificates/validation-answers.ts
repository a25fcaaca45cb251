/** How the CA's validations are answered: through the relay by every connector, or in DNS by the operator's program. */
import type { Clock } from '../../../protocol/clock.ts';
import type { Answers } from './acme-order.ts';
import type { Challenges } from './challenges.ts';
import { runDnsHook } from './dns-hook.ts';

/** By TLS-ALPN-01. */
export function answersByRelay(challenges: Pick<Challenges, 'publish'>): Answers {
  return {
    present: (host, digest) => challenges.publish(host, digest),
    // It is forgotten by itself; until then it answers a CA that looks from several places.
    withdraw: () => Promise.resolve(),
  };
}

/** By DNS-01. */
export function answersByHook(program: string, clock: Clock): Answers {
  const run = (action: 'present' | 'cleanup', host: string, value: string): Promise<void> =>
    runDnsHook(program, action, { name: `_acme-challenge.${host}`, value }, clock);
  return {
    present: (host, value) => run('present', host, value),
    // A record that stays harms nobody.
    withdraw: (host, value) => run('cleanup', host, value).catch(() => undefined),
  };
}
