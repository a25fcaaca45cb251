/** What is known when a decision is made. Gathered by the controller; `decide()` asks nobody else. */
import type { Door } from '../protocol/admin.ts';
import type { PostureFacts } from '../protocol/control.ts';

export interface Facts {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly door: Door;
  readonly subject: {
    readonly kind: 'person' | 'service';
    /** A service account's name, or how a person is called; only the former selects. */
    readonly name: string;
    /** Verified, lower case; absent when the provider did not verify it. */
    readonly email?: string;
    readonly groups: readonly string[];
  };
  readonly session: {
    readonly startedMs: number;
    /** When the person last proved who they are to the provider; absent when it did not say. */
    readonly authTimeMs?: number;
    /** Authentication methods (RFC 8176). */
    readonly amr: readonly string[];
  };
  readonly device: {
    readonly approved: boolean;
    /** The last report; absent when there was none. */
    readonly posture?: { readonly atMs: number; readonly facts: PostureFacts };
  };
  readonly resource: { readonly name: string; readonly tags: readonly string[] };
}
