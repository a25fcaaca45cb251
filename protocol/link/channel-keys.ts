/**
 * The keys of a secure channel: the epoch that each direction is in, what its keys have been used for, and the change
 * to the next (WIRE A6). Used by the secure channel alone; knows neither messages nor timers nor who asks for new keys.
 */
import { CipherState } from '../noise/cipher-state.ts';
import type { HandshakeResult } from '../noise/handshake.ts';

/** Of one epoch. */
interface Keys {
  readonly send: CipherState;
  readonly receive: CipherState;
}

export class ChannelKeys {
  #send: CipherState | undefined;
  #receive: CipherState | undefined;
  #sendEpoch = 0;
  #receiveEpoch = 0;
  /** Agreed on, and not yet seen in use by the other side. */
  #next: Keys | undefined;
  #sentBytes: number;
  #receivedBytes: number;

  /** @param usedBytes what counts as sealed and opened under the first keys before they were used */
  constructor(usedBytes = 0) {
    this.#sentBytes = usedBytes;
    this.#receivedBytes = usedBytes;
  }

  get sendEpoch(): number {
    return this.#sendEpoch;
  }

  /** The epoch that messages about new keys carry. */
  get nextEpoch(): number {
    return after(this.#receiveEpoch);
  }

  /** Bytes sealed or opened under the current keys, of the direction with more of them. */
  get usedBytes(): number {
    return Math.max(this.#sentBytes, this.#receivedBytes);
  }

  /** Whether new keys are agreed on and wait for the other side's first record under them. */
  get isSwitching(): boolean {
    return this.#next !== undefined;
  }

  /** The first keys. Erases the result's copies, as `agree` and `lead` do. */
  establish(result: HandshakeResult): void {
    const { send, receive } = keysOf(result);
    this.#send = send;
    this.#receive = receive;
  }

  /** Responder: these come next; both directions switch with the initiator's first record under them. */
  agree(result: HandshakeResult): void {
    this.#next = keysOf(result);
  }

  /** Initiator: what is sent from here on is under these; what comes follows when the responder does. */
  lead(result: HandshakeResult): void {
    this.#next = keysOf(result);
    this.#send?.erase();
    this.#send = this.#next.send;
    this.#sendEpoch = after(this.#sendEpoch);
  }

  /** A record of `epoch` is here: whether it is the current one, the first of the next, or neither. */
  place(epoch: number): 'current' | 'next' | 'wrong' {
    if (epoch === this.#receiveEpoch) return 'current';
    return this.#next !== undefined && epoch === after(this.#receiveEpoch) ? 'next' : 'wrong';
  }

  /** The other side uses the next keys: the old ones are gone. True when our sending switched too. */
  switch(): boolean {
    const next = this.#next;
    if (next === undefined) throw new Error('there are no keys to switch to');
    this.#next = undefined;
    this.#receive?.erase();
    this.#receive = next.receive;
    this.#receiveEpoch = after(this.#receiveEpoch);
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
    if (this.#send === next.send) return false;
    this.#send?.erase();
    this.#send = next.send;
    this.#sendEpoch = this.#receiveEpoch;
    return true;
  }

  /** Seals the plaintext into `out`, which is 16 bytes longer and apart from it. */
  seal(plaintext: Buffer, out: Buffer): void {
    if (this.#send === undefined) throw new Error('there are no keys yet');
    this.#send.sealInto(plaintext, out);
    this.#sentBytes += out.length;
  }

  /** Opens a record of the current epoch where it lies; undefined for anything but the genuine next one. */
  open(body: Buffer): Buffer | undefined {
    const plaintext = this.#receive?.openInPlace(body);
    this.#receivedBytes += body.length;
    return plaintext;
  }

  /** Overwrites all of them. */
  erase(): void {
    this.#send?.erase();
    this.#receive?.erase();
    this.#next?.send.erase();
    this.#next?.receive.erase();
  }
}

function keysOf({ send, receive }: HandshakeResult): Keys {
  const keys = { send: new CipherState(send), receive: new CipherState(receive) };
  send.fill(0);
  receive.fill(0);
  return keys;
}

function after(epoch: number): number {
  return (epoch + 1) % 256;
}
