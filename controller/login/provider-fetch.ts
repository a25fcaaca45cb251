/** How the controller talks to an identity provider: as to anything that an administrator named, in 64 kB. */
import type { CustomFetch } from 'openid-client';
import type { MayReach } from '../egress.ts';
import { outgoingFetch, outgoingTimeoutMs } from '../outgoing-fetch.ts';

export const providerTimeoutS = outgoingTimeoutMs / 1_000;
/** Ample for metadata, keys and tokens. */
const maxBytes = 65_536;

/** A fetch for one provider; `ca` (PEM) is the only authority it then trusts. Rejects as `outgoingFetch` does. */
export function providerFetch(
  mayReach: MayReach,
  ca: string | undefined,
  timeoutMs = outgoingTimeoutMs,
): CustomFetch {
  return outgoingFetch(mayReach, ca, { timeoutMs, maxBytes });
}
