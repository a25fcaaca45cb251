/** The two ends of a secure channel, over a memory carrier and by a virtual clock. */
import { systemRandom, type Random } from '../../../protocol/clock.ts';
import type { Fault } from '../../../protocol/errors.ts';
import { newAgreementKey, type AgreementKey } from '../../../protocol/keys.ts';
import { HandshakeBudget } from '../../../protocol/link/handshake-budget.ts';
import {
  acceptSecureChannel,
  openSecureChannel,
  type SecureChannel,
} from '../../../protocol/link/secure-channel.ts';
import { memoryCarriers } from '../../support/memory-carrier.ts';
import { settle } from '../../support/settle.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

export const client = newAgreementKey();
export const server = newAgreementKey();
export const prologue = Buffer.from('postern/1 tunnel\0net_test');

interface Setup {
  readonly clock: VirtualClock;
  readonly own: AgreementKey;
  readonly peer: Buffer;
  readonly theirs: Buffer;
  readonly offers: boolean;
  readonly takes: boolean;
  readonly random: Random;
  readonly budget: HandshakeBudget;
  readonly responder: AgreementKey;
  readonly keyBytes: number;
}

/** What one side of a channel heard. */
export interface Heard {
  readonly records: string[];
  fault: Fault | undefined;
}

/** Both sides over a memory carrier, under way. */
export function begin(changes: Partial<Setup> = {}) {
  const clock = changes.clock ?? new VirtualClock();
  const pair = memoryCarriers();
  const common = { clock, random: changes.random ?? systemRandom, keyBytes: changes.keyBytes ?? 2 ** 32 };
  const accepted = acceptSecureChannel(pair.right, {
    ...common,
    own: changes.responder ?? server,
    prologue: changes.theirs ?? prologue,
    kem: changes.takes ?? true,
    budget: changes.budget ?? new HandshakeBudget(clock),
    source: 'dev_test',
  });
  accepted.catch(() => {});
  const opened = openSecureChannel(pair.left, {
    ...common,
    own: changes.own ?? client,
    peer: changes.peer ?? server.publicKey,
    prologue,
    kem: changes.offers ?? true,
  });
  opened.catch(() => {});
  return { ...pair, clock, accepted, opened };
}

/** Both sides up and started; the initiator's first record is `first`. */
export async function connected(changes: Partial<Setup> = {}) {
  const started = begin(changes);
  const left = await started.opened;
  left.send(Buffer.from('first'));
  const right = await started.accepted;
  const atLeft = start(left);
  const atRight = start(right);
  await settle();
  return { ...started, left, right, atLeft, atRight };
}

/** Writes down what comes. */
export function start(channel: SecureChannel): Heard {
  const heard: Heard = { records: [], fault: undefined };
  channel.start({
    record: (plaintext) => heard.records.push(plaintext.toString()),
    drain: () => {},
    closed: (fault) => {
      heard.fault = fault;
    },
  });
  return heard;
}

/** A message as it stands on the wire (WIRE A6). */
export function message(type: number, epoch: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(body.length + 2);
  head[2] = type;
  head[3] = epoch;
  return Buffer.concat([head, body]);
}
