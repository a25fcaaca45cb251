/**
 * By what right a request comes through the web door: a browser's session, a pass, or nobody's where a path is public. Asked
 * at the request and for as long as its answer, or its upgraded connection, is open.
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { Who } from '../../protocol/web.ts';

export interface Right {
  /** `tok_…` of the session or pass; what upstream connections are kept apart by. */
  readonly id: string;
  readonly resource: string;
  readonly sub: string;
  readonly who: Who;
  /** Why it does not hold now; undefined when it does. */
  objection(): CodeName | undefined;
  /** The instant (epoch milliseconds) at which time alone ends it. */
  endsMs(): number;
}
