/**
 * New keys for this device as its client goes through with it: asks the controller when it is time or when a person wants
 * it, and moves the tunnels over once there are grants for the new keys.
 */
import type { Clock } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { encodeKey } from '../../protocol/keys.ts';
import type { Identity } from '../../protocol/node/identity.ts';
import { KeyRotation } from './key-rotation.ts';

export interface DeviceKeysOptions {
  readonly identity: Pick<Identity, 'nodeKey'>;
  /** Asks the controller; false while there is no contact. */
  rotate(): boolean;
  /** When the keys at hand were made known, epoch seconds; undefined while that is not known. */
  keysS(): number | undefined;
  isIdle(): boolean;
  /** New flows take sessions of the new keys from here on. */
  rekey(): void;
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How long a rotation by hand waits for the controller. */
const patienceMs = 15_000;

export class DeviceKeys {
  readonly #options: DeviceKeysOptions;
  readonly #rotation: KeyRotation;
  /** The node key that the sessions of the tunnels are opened with. */
  #sessionsKey: Identity['nodeKey'];
  /** Called at the next welcome. */
  #welcomed = (): void => undefined;

  constructor(options: DeviceKeysOptions) {
    this.#options = options;
    this.#sessionsKey = options.identity.nodeKey;
    this.#rotation = new KeyRotation({
      rotate: () => options.rotate(),
      keysMs: () => {
        const keysS = options.keysS();
        return keysS === undefined ? undefined : keysS * 1_000;
      },
      isIdle: () => options.isIdle(),
      now: options.now,
    });
  }

  /** Rotates when it is time; to be called whenever something happened that may have made it so. */
  look(): void {
    this.#rotation.look();
  }

  /** The controller has welcomed this device, under the keys that count. */
  welcomed(): void {
    this.#welcomed();
  }

  /** Grants came: for new keys, when there are any. */
  granted(): void {
    const { nodeKey } = this.#options.identity;
    if (this.#sessionsKey === nodeKey) return;
    this.#sessionsKey = nodeKey;
    this.#options.rekey();
  }

  /**
   * Takes new keys now; resolves with the public node key, base64url, once the controller knows it and contact is back.
   * Rejects with a Fault when there is no contact or no answer.
   */
  async rotate(): Promise<string> {
    const { identity, clock } = this.#options;
    const before = identity.nodeKey;
    if (!this.#rotation.rotateNow())
      throw new Fault('out-of-contact', 'the controller is not reachable now; try again');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#welcomed = resolve;
    const cancel = clock.after(patienceMs, () =>
      reject(new Fault('timeout', 'the controller did not answer; the keys it knows are used from here on')),
    );
    await promise.finally(cancel);
    if (identity.nodeKey === before)
      throw new Fault('denied', 'the controller did not take the new keys; the old ones still count');
    return encodeKey(identity.nodeKey.publicKey);
  }
}
