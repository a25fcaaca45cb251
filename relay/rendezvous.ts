/**
 * Which of several connectors serves a browser: rendezvous hashing of hostname and neighbourhood, so that a browser stays
 * with one connector, and only those of a connector that is gone move. Pure.
 */
import { createHash } from 'node:crypto';

/** `nodes` in the order in which they are to be tried. */
export function inOrder<T extends { readonly id: string }>(
  nodes: readonly T[],
  hostname: string,
  neighbourhood: string,
): T[] {
  if (nodes.length < 2) return [...nodes];
  const weighed = nodes.map((node) => ({ node, weight: weigh(hostname, neighbourhood, node.id) }));
  return weighed.toSorted((a, b) => Buffer.compare(b.weight, a.weight)).map(({ node }) => node);
}

/** None of the three can contain the zero byte between them. */
function weigh(hostname: string, neighbourhood: string, id: string): Buffer {
  return createHash('sha256').update(`${hostname}\0${neighbourhood}\0${id}`).digest();
}
