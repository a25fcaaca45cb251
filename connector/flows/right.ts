/**
 * By what right a request comes to the web door's endpoint: a browser's session, a pass, a device's grant, or nobody's where a
 * path is public. Asked at the request and for as long as its answer, or its upgraded connection, is open.
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { Door } from '../../protocol/policy-document.ts';
import type { Who } from '../../protocol/web.ts';

export interface Right {
  readonly door: Door;
  /** The device that came by the client door. */
  readonly device?: DeviceId;
  /** `tok_…` of the session, pass or grant; what upstream connections are kept apart by. */
  readonly id: string;
  readonly resource: string;
  readonly sub: string;
  /** Ids that end it when one of them is revoked. */
  readonly ids: readonly string[];
  readonly who: Who;
  /** When the person signed in, epoch seconds; absent for programs. */
  readonly signedInS?: number;
  /** What holds in its place by now, which may say something else of the person; or why nothing does. */
  now(): Right | CodeName;
  /** The instant (epoch milliseconds) at which time alone ends it. */
  endsMs(): number;
}
