/**
 * What connectors of one network say to each other about certificates, over a stream of kind `peer` (WIRE A9): one question
 * in the OPEN, one answer, and the end.
 */
import type { Pair } from './usable-certificate.ts';

/** A longer answer is none. */
export const mostAnswerBytes = 65_536;

export type PeerAnswer =
  /** Here it is. */
  | { readonly state: 'has'; readonly pair: Pair }
  /** It is being ordered, or the one who answers is about to: ask again soon. */
  | { readonly state: 'wait' }
  /** Whoever asked may order it. `names`: of a wildcard, those below it that the answerer has one for each. */
  | { readonly state: 'none'; readonly names?: readonly string[] };

/** So many names fit into an answer, however long they are. */
const mostAnswerNames = 240;

/** The OPEN that asks for the certificate of a hostname or `*.suffix`. */
export function encodeQuestion(name: string): { k: 'peer'; h: string } {
  return { k: 'peer', h: name };
}

/** The name asked for; undefined for any other OPEN. */
export function decodeQuestion(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { k: kind, h: name } = payload as Record<string, unknown>;
  return kind === 'peer' && typeof name === 'string' && name.length <= 253 ? name : undefined;
}

export function encodeAnswer(answer: PeerAnswer): Buffer {
  if (answer.state === 'has')
    return Buffer.from(JSON.stringify({ cert: answer.pair.cert, key: answer.pair.key }));
  if (answer.state === 'wait') return Buffer.from('{"wait":true}');
  const { names = [] } = answer;
  return Buffer.from(JSON.stringify(names.length === 0 ? {} : { names: names.slice(0, mostAnswerNames) }));
}

/** Undefined for what is no answer; pair and names in it are unchecked. */
export function decodeAnswer(bytes: Buffer): PeerAnswer | undefined {
  try {
    const { cert, key, wait, names } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    if (typeof cert === 'string' && typeof key === 'string') return { state: 'has', pair: { cert, key } };
    if (wait === true) return { state: 'wait' };
    return { state: 'none', ...(isNames(names) ? { names: names.slice(0, mostAnswerNames) } : {}) };
  } catch {
    return undefined;
  }
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
