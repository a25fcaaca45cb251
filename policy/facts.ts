/** What is known when a decision is made. Gathered by the controller; `decide()` asks nobody else. */
import type { Door } from '../protocol/policy-document.ts';
import type { PostureFacts } from '../protocol/posture-facts.ts';

export interface Facts {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly door: Door;
  readonly subject: {
    /** `guest`: whoever mail to this address reaches, known by nothing else. */
    readonly kind: 'person' | 'service' | 'guest';
    /** The person's; absent for one who is made up, and then no approved request selects. */
    readonly id?: string;
    /** A service account's name, or how a person is called; only the former selects. */
    readonly name: string;
    /** Verified, lower case; absent when the provider did not verify it. */
    readonly email?: string;
    readonly groups: readonly string[];
    /**
     * When the person last used what is locked while it is not used, epoch ms by the name of the resource; absent where no
     * use is known.
     */
    readonly usedMs?: ReadonlyMap<string, number>;
  };
  readonly session: {
    readonly startedMs: number;
    /** When the person last proved who they are to the provider; absent when it did not say. */
    readonly authTimeMs?: number;
    /** Authentication methods (RFC 8176). */
    readonly amr: readonly string[];
    /** Authentication context class (OpenID Connect Core 2); absent when the provider did not say. */
    readonly acr?: string;
  };
  /** Where the request comes from, as the controller sees it; absent when it cannot tell. */
  readonly source?: {
    /** An IPv4 or IPv6 literal; IPv4 never in its mapped form. */
    readonly address: string;
    /** ISO 3166-1 alpha-2, upper case, from the operator's file; absent when that does not list the address. */
    readonly country?: string;
  };
  readonly device: {
    /** There is none: the request comes through the web door, from a browser that may be anywhere. */
    readonly absent?: true;
    readonly approved: boolean;
    /** The last report; absent when there was none. */
    readonly posture?: { readonly atMs: number; readonly facts: PostureFacts };
    /** Whether the serial number it reported stands in the organisation's list; absent when it reported none. */
    readonly serialListed?: boolean;
    /** What others say of the device, by the name of the source. */
    readonly verdicts?: Readonly<Record<string, { readonly atMs: number; readonly compliant: boolean }>>;
  };
  readonly resource: { readonly name: string; readonly tags: readonly string[] };
}
