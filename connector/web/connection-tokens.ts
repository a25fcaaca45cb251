/** What a `Connection` header names (RFC 9110 §7.6.1), read once for each way of writing it. */

/** Browsers and servers write few of them, over and over; whoever writes others has them read each time. */
const maxKept = 1_000;
const longestKept = 256;
const kept = new Map<string, ReadonlySet<string>>();

const none: ReadonlySet<string> = new Set();

/** Its tokens in lower case; several lines are joined by commas first. None where there is no such header. */
export function connectionTokens(written: string | undefined): ReadonlySet<string> {
  if (written === undefined) return none;
  const known = kept.get(written);
  if (known !== undefined) return known;
  const tokens = new Set(written.split(',').map((token) => token.trim().toLowerCase()));
  if (kept.size < maxKept && written.length <= longestKept) kept.set(written, tokens);
  return tokens;
}
