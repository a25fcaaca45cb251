/**
 * What a webhook's requests are signed with, in both directions: `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA-256 of
 * `SECONDS.BODY` under the secret. The time keeps a request from being sent again later.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Apart by more, the clocks of both sides or the age of the request are wrong. */
const toleranceS = 300;

export function signWebhook(secret: string, atS: number, body: string): string {
  return `t=${atS},v1=${mac(secret, atS, body).toString('hex')}`;
}

/** Whether `header` signs this body now. Takes as long whatever is wrong with it. */
export function isSigned(secret: string, header: string, body: string, nowS: number): boolean {
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header);
  const atS = Number(match?.[1] ?? 0);
  const given = Buffer.from(match?.[2] ?? '0'.repeat(64), 'hex');
  const same = timingSafeEqual(given, mac(secret, atS, body));
  return same && match !== null && Math.abs(nowS - atS) <= toleranceS;
}

function mac(secret: string, atS: number, body: string): Buffer {
  return createHmac('sha256', secret).update(`${atS}.${body}`).digest();
}
