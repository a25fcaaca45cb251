/** What an account is given by the client: where it keeps what it knows, what it is called, and what is shared with the system. */
import type { Name } from '../../protocol/names.ts';
import type { Identity } from '../../protocol/node/identity.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { EnrolmentKey } from '../../protocol/secrets.ts';
import type { AddressRange } from '../dns/address-range.ts';
import type { ClientEvent } from '../events.ts';
import type { Machine } from '../posture/machine.ts';

export interface AccountOptions {
  /** Of this device alone. */
  readonly id: string;
  readonly state: StateDirectory;
  /** Must hold an enrolment. */
  readonly identity: Identity;
  /** A service account's key. */
  readonly key: EnrolmentKey | undefined;
  /** Overrides the controller's address in the enrolment, never its pinned root. */
  readonly controllerUrl: string | undefined;
  /** Whether a person signs in through a browser on this machine, or types a code elsewhere. */
  readonly browser: boolean;
  /** How the device is listed. */
  readonly deviceName: string;
  readonly machine: Machine;
  /** Whether connectors that this device has not met, or that have other keys since, are refused. */
  readonly strictPeers: boolean;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  /** The addresses that are given to names now; undefined while none are. */
  range(): AddressRange | undefined;
  /** The name that has a synthetic address now. */
  nameOf(address: string): Name | undefined;
  /** Whether names are captured as far as that was asked for. */
  isCapturing(): boolean;
  onEvent(this: void, event: ClientEvent): void;
  /** What it knows of names has changed. Rejects with a Fault when names cannot be captured. */
  changed(): Promise<void>;
}
