/** A device pass at the wiki, as the connector knows it and as a program sends it. */
import { createHash } from 'node:crypto';
import { systemRandom } from '../../../protocol/clock.ts';
import { newId, type Id } from '../../../protocol/ids.ts';
import { encodePass } from '../../../protocol/secrets.ts';
import { wiki, type WebBench } from './web-bench.ts';

/** Makes it the only pass of the bench, good for an hour; `raw` is what its text holds. */
export function givePass(
  bench: WebBench,
  { name, email }: { readonly name: string; readonly email: string },
): { readonly id: Id<'tok'>; readonly secret: string; readonly raw: Buffer; readonly sub: Id<'usr'> } {
  const raw = systemRandom(32);
  const id = newId('tok', systemRandom(16));
  const sub = newId('usr', systemRandom(16));
  bench.passes = {
    [id]: {
      id,
      kind: 'device',
      hash: createHash('sha256').update(raw).digest('base64url'),
      res: bench.resourceOf(wiki),
      sub,
      who: { name, email, groups: [] },
      cav: { until: Math.floor(Date.now() / 1_000) + 3_600, out: 3_600 },
    },
  };
  return { id, secret: encodePass({ kind: 'dp', secret: raw }), raw, sub };
}
