/** What a person at the terminal of `postern up` wants to know as it happens. */
import type { DeviceNews } from '../protocol/snapshot.ts';
import type { Fault } from '../protocol/errors.ts';
import type { SignInPrompt } from './sign-in/sign-in.ts';
import type { ClientStatus } from './status.ts';
import type { PeerReport } from './tunnel/known-peers.ts';

export type ClientEvent =
  | { readonly kind: 'prompt'; readonly prompt: SignInPrompt }
  /** Something failed that is tried again. */
  | { readonly kind: 'trouble'; readonly fault: Fault }
  /** Something that cannot be right was heard and left aside; in full sentences. */
  | { readonly kind: 'alarm'; readonly text: string }
  /** The controller lets this device in no more; names of the zones are refused from now on. */
  | { readonly kind: 'refused'; readonly fault: Fault }
  /** An account could not start and does not run; the others do. Signing in to it starts it. */
  | { readonly kind: 'not-started'; readonly fault: Fault }
  | { readonly kind: 'session-ended'; readonly code: string }
  | { readonly kind: 'signed-in' }
  /** Another account is ready, after the first that was. */
  | { readonly kind: 'also-ready'; readonly status: ClientStatus }
  /** The session of a person ends in so many milliseconds. */
  | { readonly kind: 'session-ending'; readonly leftMs: number }
  /** The organisation has declared a private zone since the person signed in; it is not taken over yet. */
  | { readonly kind: 'unconfirmed-zone'; readonly zone: string }
  /** A connector is not the one that this device knows. */
  | { readonly kind: 'peer'; readonly report: PeerReport }
  /** Another device of the same person was let in, or is suspended. */
  | { readonly kind: 'device-news'; readonly news: DeviceNews };

/** Whose event it is. */
export interface EventSource {
  /** The account's name; undefined where this device has only one. */
  readonly account: string | undefined;
  /** Where its controller is reached. */
  readonly url: string;
}
