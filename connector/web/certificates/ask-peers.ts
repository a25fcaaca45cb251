/**
 * Asks the other connectors of the network for certificates: over a session of its own with each, end to end through a
 * relay, as clients have them, so that a key is seen by the two connectors alone.
 */
import type { Clock, Random } from '../../../protocol/clock.ts';
import { parseId, type ConnectorId, type NetworkId } from '../../../protocol/ids.ts';
import { decodeKey, type AgreementKey } from '../../../protocol/keys.ts';
import type { Carrier } from '../../../protocol/link/carrier.ts';
import { dialSession } from '../../../protocol/link/open-session.ts';
import type { Session } from '../../../protocol/link/session.ts';
import { decodeAnswer, encodeQuestion, mostAnswerBytes, type PeerAnswer } from './peer-messages.ts';

/** For all questions to one connector; one that is not there is known at once. */
const patienceMs = 5_000;

/** The other connectors of the network, as far as certificates go. */
export interface Peers {
  /** Whether a relay is attached, without which nobody, a CA included, reaches this connector. */
  isAttached(): boolean;
  /** What each that answers says of each name. Never rejects. */
  ask(names: readonly string[]): Promise<ReadonlyMap<string, readonly PeerAnswer[]>>;
}

export interface PeersOptions {
  readonly own: AgreementKey;
  network(): NetworkId | undefined;
  /** `nk` is the node key, base64url. */
  peers(): Iterable<{ readonly id: string; readonly nk: string }>;
  /** Circuits to that connector, one for each relay that is attached; each may be closed by the relay at once. */
  circuits(connector: ConnectorId): Iterable<() => Carrier>;
  isAttached(): boolean;
  readonly clock: Clock;
  readonly random: Random;
}

export function peersThroughRelays(options: PeersOptions): Peers {
  return {
    isAttached: () => options.isAttached(),
    async ask(names) {
      const answers = new Map<string, PeerAnswer[]>(names.map((name) => [name, []]));
      await Promise.all(
        Array.from(options.peers(), ({ id, nk }) =>
          askOne(options, id, nk, names, (name, answer) => answers.get(name)?.push(answer)),
        ),
      );
      return answers;
    },
  };
}

/** Never rejects: a connector that is not there, or says something else, says nothing. */
async function askOne(
  options: PeersOptions,
  id: string,
  nk: string,
  names: readonly string[],
  take: (name: string, answer: PeerAnswer) => void,
): Promise<void> {
  const connector = parseId('con', id);
  const key = decodeKey(nk);
  const network = options.network();
  if (connector === undefined || key === undefined || network === undefined) return;
  const open: { carrier?: Carrier; session?: Session } = {};
  let isOver = false;
  const end = (): void => {
    isOver = true;
    open.session?.close();
    open.carrier?.close();
  };
  const cancelTimer = options.clock.after(patienceMs, end);
  try {
    for (const circuit of options.circuits(connector)) {
      const session = await dial(options, circuit, key, network, open).catch(() => undefined);
      if (session === undefined) {
        if (isOver) return;
        continue;
      }
      open.session = session;
      await Promise.all(names.map((name) => askName(session, name, take)));
      return;
    }
  } finally {
    cancelTimer();
    end();
  }
}

async function dial(
  { own, clock, random }: PeersOptions,
  circuit: () => Carrier,
  peer: Buffer,
  networkId: NetworkId,
  open: { carrier?: Carrier },
): Promise<Session> {
  const carrier = circuit();
  open.carrier = carrier;
  // Streams towards the one that asks are refused.
  return dialSession({ carrier, own, peer, networkId, grants: [], handle: () => ({}), clock, random });
}

async function askName(
  session: Session,
  name: string,
  take: (name: string, answer: PeerAnswer) => void,
): Promise<void> {
  try {
    const stream = session.openStream(encodeQuestion(name));
    stream.end();
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > mostAnswerBytes) return stream.reset('limit');
      chunks.push(chunk);
    }
    const answer = decodeAnswer(Buffer.concat(chunks));
    if (answer !== undefined) take(name, answer);
  } catch {
    // Refused, or cut: no answer.
  }
}
