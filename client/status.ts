/** What `postern status --json` prints for a client; an absent part does not exist in this process. */
import type { PostureFacts } from '../protocol/posture-facts.ts';
import type { CodeName } from '../protocol/errors.ts';
import type { PostureCheck } from '../protocol/posture.ts';
import type { HealthCode } from '../protocol/resource-health.ts';
import type { Alarm } from '../protocol/node/alarms.ts';

export const statusSchema = 'postern.status/v1';
export const resourcesSchema = 'postern.resources/v1';
export const whySchema = 'postern.why/v1';
export const pingSchema = 'postern.ping/v1';

/** One account of a device, in short. */
export interface AccountSummary {
  /** By which `--account` chooses it. */
  readonly account: string;
  readonly state: ClientStatus['state'];
  readonly controller: ClientStatus['controller'];
  readonly session?: NonNullable<ClientStatus['session']>;
  readonly resources: ClientStatus['resources'];
}

/** Of one account; what the accounts of a device share (`proxies`, `capture`) is said with each. */
export interface ClientStatus {
  readonly schema: typeof statusSchema;
  readonly version: string;
  readonly account: string;
  /** Every account that runs, this one included, in their order. */
  readonly accounts: readonly AccountSummary[];
  /** `crashed`: the process is gone and its watchdog keeps the zones refused. */
  readonly state: 'up' | 'connecting' | 'signing-in' | 'signed-out' | 'refused' | 'crashed';
  readonly controller: { readonly url: string; readonly connected: boolean; readonly fault?: string };
  readonly session?: {
    readonly kind: 'person' | 'service';
    readonly name: string;
    readonly email?: string;
    /** RFC 3339. */
    readonly until: string;
    /** The name of a code, when it is over. */
    readonly ended?: string;
    /** It ends within ten minutes, and a person can renew it. */
    readonly ends_soon?: true;
  };
  /** Other devices of the same person: let in lately and not known by them yet, or suspended. */
  readonly news?: readonly {
    readonly device: string;
    readonly name: string;
    readonly what: 'new' | 'suspended';
    readonly at: string;
    readonly address?: string;
  }[];
  readonly device?: { readonly name: string; readonly approved: boolean };
  /** What this device last reported about itself; absent while the controller asks for nothing. */
  readonly posture?: {
    /** RFC 3339. */
    readonly at: string;
    readonly checks: readonly {
      readonly check: PostureCheck;
      /** In words. */
      readonly value: string;
      /** Resources that need it: some by name, and how many. */
      readonly needed_by: readonly string[];
      readonly needed_by_count: number;
      /** Resources that are refused for it now. */
      readonly refuses: readonly string[];
    }[];
    /** Exactly what was sent. */
    readonly facts: PostureFacts;
  };
  /** Absent where names are not captured. */
  readonly dns?: {
    readonly routing: string;
    readonly resolver: string;
    readonly zones: readonly string[];
    /** Public hostnames, and wildcards of such, that are answered here, so that no sign-in page is needed. */
    readonly hostnames: readonly string[];
    /** `by`: the account that holds it. */
    readonly refused_zones: readonly { readonly zone: string; readonly why: string; readonly by?: string }[];
    /** False when another program has replaced resolv.conf since. */
    readonly in_place: boolean;
    /** Whether the zones stay refused when this process crashes. */
    readonly fails_closed: boolean;
  };
  readonly capture?: { readonly range: string; readonly uids: readonly number[] };
  readonly proxies: { readonly socks?: string; readonly http?: string };
  readonly networks: readonly {
    readonly name: string;
    readonly connectors: number;
    readonly connected: boolean;
    readonly rtt_ms?: number;
    /** What its session runs over, or ran over last; absent without a session. */
    readonly path?: PathShown;
    /** Why its session does not run directly. */
    readonly not_direct?: string;
  }[];
  readonly relays: readonly { readonly id: string; readonly connected: boolean }[];
  /** Connectors whose keys this device remembers, and which of them are not as it knows them. */
  readonly peers: {
    /** Whether those are refused (`--strict-peers`). */
    readonly strict: boolean;
    readonly known: number;
    readonly reports: readonly PeerShown[];
  };
  /** What was heard that cannot be right, and left aside; absent while there is none. */
  readonly alarms?: readonly Alarm[];
  readonly resources: { readonly granted: number; readonly refused: number };
  readonly flows: readonly {
    readonly host: string;
    readonly port: number;
    readonly resource: string;
    readonly since: string;
    /** Of UDP: datagrams that were too large, or that gave way to newer ones; absent while there are none. */
    readonly dropped?: number;
  }[];
  /** Newest first: what was refused or taken away, and why. */
  readonly recent: readonly {
    readonly at: string;
    readonly event: 'refused' | 'ended';
    readonly host: string;
    readonly port: number;
    readonly resource?: string;
    readonly code: string;
    readonly text: string;
  }[];
}

export type PathShown =
  /** `name` is the host of its URL. */
  | { readonly kind: 'relay'; readonly relay: string; readonly name: string }
  | { readonly kind: 'direct'; readonly endpoint: string };

/** A connector that is not the one this device knows. */
export interface PeerShown {
  /** `changed`: it has another key than it was met with. `unknown`: it was not met, and this device is strict about that. */
  readonly what: 'changed' | 'unknown';
  readonly connector: string;
  /** Absent when the controller names it no longer. */
  readonly network?: string;
  /** Node keys, base64url: as it was met, and as the controller names it. */
  readonly known_key?: string;
  readonly named_key: string;
  /** RFC 3339, when another key was first named. */
  readonly at?: string;
  /** Whether nothing is opened there for it. */
  readonly refused: boolean;
}

/** One round trip to the connector of a resource. */
export interface PingReply {
  readonly resource: string;
  readonly network: string;
  readonly path?: PathShown;
  readonly not_direct?: string;
  /** Absent when nothing came back: then `lost` says why. */
  readonly rtt_ms?: number;
  readonly lost?: { readonly code: CodeName; readonly text: string };
}

/** Whether the connector can reach what was asked for, and how far that was tried. */
export interface PingTarget {
  readonly host?: string;
  readonly port?: number;
  readonly state: 'resolves' | 'connects' | 'fails' | 'not-asked';
  readonly code?: CodeName;
  readonly text?: string;
}

/** What `postern ping --json` prints. */
export interface PingReport {
  readonly schema: typeof pingSchema;
  readonly resource: string;
  readonly network: string;
  /** Of the last reply. */
  readonly path?: PathShown;
  readonly not_direct?: string;
  readonly sent: number;
  readonly answered: number;
  /** Share of what was sent, 0 … 1. */
  readonly loss: number;
  /** Absent when nothing came back. */
  readonly rtt_ms?: { readonly min: number; readonly median: number; readonly max: number };
  readonly replies: readonly PingReply[];
  readonly target: PingTarget;
}

export interface ResourceList {
  readonly schema: typeof resourcesSchema;
  readonly resources: readonly {
    readonly name: string;
    readonly hosts: readonly string[];
    /** Public hostnames, as a browser opens them: `https://name` and the port where it is not 443. */
    readonly urls: readonly string[];
    readonly ports: readonly string[];
    readonly state: 'granted' | 'refused';
    readonly reasons: readonly string[];
    readonly until?: string;
    /** What this device's last flows found behind it, by port; absent where it has tried none since the client started. */
    readonly reached?: readonly {
      readonly port: number;
      readonly answers: boolean;
      readonly code?: HealthCode;
      readonly at: string;
    }[];
  }[];
}

/** The answer to `why`. Of what is hidden and of what does not exist it says the same. */
export interface WhyAnswer {
  readonly schema: typeof whySchema;
  readonly resource: string;
  readonly decision: 'granted' | 'refused' | 'hidden' | 'unknown';
  readonly reasons: readonly {
    readonly name: string;
    readonly met: boolean;
    readonly text: string;
    readonly fix?: string;
    readonly policy?: string;
  }[];
  /** The resource for which a new sign-in (`postern login --for`) can mend what fails. */
  readonly sign_in_for?: string;
  /** One sentence: where there are no reasons, and of a public hostname by which door it opens. */
  readonly text?: string;
}
