/** Answers what another connector of the network asks about certificates: the one thing that streams of kind `peer` are for. */
import type { MuxStream } from '../../../protocol/mux/stream.ts';
import { decodeQuestion, encodeAnswer, mostAnswerBytes, type PeerAnswer } from './peer-messages.ts';

export interface PeerQuestion {
  /** Whether the session's static key is that of another connector of this network, as the controller named it. */
  readonly isPeer: boolean;
  /** Undefined for a name of no resource. */
  certificateFor(this: void, name: string): PeerAnswer | undefined;
}

/** Takes the stream; false when it is not a question, or not of a connector: then it is refused as any other. */
export function answerPeer(
  stream: MuxStream,
  payload: unknown,
  { isPeer, certificateFor }: PeerQuestion,
): boolean {
  const name = decodeQuestion(payload);
  if (name === undefined || !isPeer) return false;
  const answer = certificateFor(name);
  const bytes = answer === undefined ? undefined : encodeAnswer(answer);
  if (bytes === undefined || bytes.length > mostAnswerBytes) return false;
  stream.accept();
  stream.resume();
  stream.end(bytes);
  return true;
}
