/**
 * T1: a session that carries a request up and its answer down, over a circuit of which the test is the relay, and does to it
 * whatever a relay can. Whatever it does: nobody hears a wrong byte, an end that was cut is no end in order, and the carrier
 * dies or the handshake fails. Over an honest circuit the session then goes on, and its flow is whole.
 */
import assert from 'node:assert/strict';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSession, dialSession, SessionTable } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { memoryCarriers, type Direction, type MemoryPair } from './memory-carrier.ts';
import { settle } from './settle.ts';
import { VirtualClock } from './virtual-clock.ts';

const networkId = newId('net', systemRandom(16));
const client = newAgreementKey();
const connector = newAgreementKey();
const request = [1, 2, 3].map((part) => Buffer.alloc(1_000, `request ${part} `));
const answer = [1, 2, 3].map((part) => Buffer.alloc(1_500, `answer ${part} `));

/** What one end of the stream heard, and whether it was told that this was all. */
interface Heard {
  bytes: Buffer;
  hasEnded: boolean;
}

function listen(stream: MuxStream, heard: Heard, ended: () => void = () => {}): void {
  stream.on('data', (bytes: Buffer) => (heard.bytes = Buffer.concat([heard.bytes, bytes])));
  stream.on('end', () => {
    heard.hasEnded = true;
    ended();
  });
}

const nothing = (): Heard => ({ bytes: Buffer.alloc(0), hasEnded: false });

/** A session through a relay that the test plays, and its flow. */
export class Circuit {
  readonly clock = new VirtualClock();
  readonly pair: MemoryPair = memoryCarriers();
  readonly up = nothing();
  readonly down = nothing();
  /** How each side lost the circuit: in its handshake or later. */
  readonly ended: { client?: CodeName; connector?: CodeName } = {};
  session: Session | undefined;
  readonly #accepting;

  constructor(connectorKey = connector) {
    const common = { networkId, clock: this.clock, random: systemRandom, kem: false };
    this.#accepting = {
      ...common,
      own: connectorKey,
      budget: new HandshakeBudget(this.clock),
      source: 'dev_test',
      sessions: new SessionTable(),
      handle: () => ({
        stream: (stream: MuxStream) => this.#answer(stream),
        lost: ({ code }: Fault) => void (this.ended.connector = code),
      }),
    };
    this.#follow('connector', acceptSession({ ...this.#accepting, carrier: this.pair.right }));
    const dialled = dialSession({
      ...common,
      carrier: this.pair.left,
      own: client,
      peer: connector.publicKey,
      grants: ['a.grant'],
      handle: () => ({ lost: ({ code }) => void (this.ended.client = code) }),
    });
    this.#follow('client', dialled);
    // A session may have ended by the time it is handed over, and opens no stream then.
    dialled
      .then((session) => this.#request(session))
      .catch((error: unknown) => assert.ok(error instanceof Fault));
  }

  /** Lets the flow run, then time pass until a silent path would be noticed. */
  async run(): Promise<void> {
    await settle(40);
    for (let step = 0; step < 40 && !(this.ended.client && this.ended.connector); step++) {
      this.clock.advance(1_000);
      await settle(3);
    }
  }

  /** Over a relay that passes everything on. */
  async resume(): Promise<void> {
    const { left, right } = memoryCarriers();
    const accepted = acceptSession({ ...this.#accepting, carrier: right }).catch(() => undefined);
    await this.session?.resume(left);
    await accepted;
    await settle(40);
  }

  #request(session: Session): void {
    this.session = session;
    const stream = session.openStream({});
    listen(stream, this.down);
    for (const part of request) stream.write(part);
    stream.end();
  }

  #answer(stream: MuxStream): void {
    stream.accept();
    listen(stream, this.up, () => {
      for (const part of answer) stream.write(part);
      stream.end();
    });
  }

  /** Records why it never began. */
  #follow(side: 'client' | 'connector', opening: Promise<Session>): void {
    opening.catch((error: unknown) => (this.ended[side] = error instanceof Fault ? error.code : 'internal'));
  }
}

/** The one rule: what was heard is the beginning of what was said, and all of it where an end was told. */
export function nothingWrong({ up, down }: Circuit, what: string): void {
  for (const [heard, said] of [
    [up, Buffer.concat(request)],
    [down, Buffer.concat(answer)],
  ] as const) {
    assert.ok(said.subarray(0, heard.bytes.length).equals(heard.bytes), `${what}: a wrong byte`);
    if (heard.hasEnded) assert.equal(heard.bytes.length, said.length, `${what}: cut, and told as the end`);
  }
}

/** Whether it goes on over an honest circuit; the connector may never have had it. */
export async function isContinued(circuit: Circuit): Promise<boolean> {
  try {
    await circuit.resume();
    return true;
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'connector-lost', String(error));
    return false;
  }
}

/**
 * Looks at a circuit after an attack has run: nothing wrong was heard, both sides were told, and where there was a session
 * it goes on over an honest circuit, or never began. Answers whether it went on. Ends everything.
 */
export async function judge(circuit: Circuit, what: string): Promise<boolean> {
  nothingWrong(circuit, what);
  const codes: (CodeName | undefined)[] = ['protocol', 'connector-lost', 'timeout', 'cancelled'];
  assert.ok(codes.includes(circuit.ended.client), `${what}: client ${circuit.ended.client}`);
  // Without a session at the connector there is nothing to continue: the handshake was what was attacked.
  const goesOn = circuit.session !== undefined && (await isContinued(circuit));
  if (goesOn) {
    nothingWrong(circuit, `${what}, continued`);
    assert.deepEqual([circuit.up.hasEnded, circuit.down.hasEnded], [true, true], what);
  }
  circuit.session?.close();
  await settle(10);
  circuit.clock.advance(60_000);
  assert.ok(circuit.clock.pending === 0, `${what}: a timer stays`);
  return goesOn;
}

/** How many bytes an undisturbed session sends each way, and for how long it runs is of no matter. */
export async function bytesEachWay(): Promise<Record<Way, number>> {
  const circuit = new Circuit();
  await settle(40);
  const count = ({ sent }: Direction): number => sent.reduce((sum, bytes) => sum + bytes.length, 0);
  return { up: count(circuit.pair.toRight), down: count(circuit.pair.toLeft) };
}

export type Way = 'up' | 'down';

/** Flips one bit of one byte of the session, `place` counted from its first on that way; answers whether it went on. */
export async function flipByte(way: Way, place: number): Promise<boolean> {
  const circuit = new Circuit();
  const direction = way === 'up' ? circuit.pair.toRight : circuit.pair.toLeft;
  let at = 0;
  let isDone = false;
  direction.change = (bytes) => {
    const from = at;
    at += bytes.length;
    if (isDone || place >= at) return bytes;
    isDone = true;
    const changed = Buffer.from(bytes);
    changed[place - from]! ^= 1 << (place % 8);
    return changed;
  };
  await circuit.run();
  assert.ok(isDone, `byte ${place} ${way} never came`);
  return judge(circuit, `byte ${place} ${way}`);
}
