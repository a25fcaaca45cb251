/** Joins two streams into one circuit: bytes, ends and resets of each go to the other, with back-pressure. */
import { Fault } from '../protocol/errors.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';

/** @param over called once, when both are gone */
export function joinStreams(left: MuxStream, right: MuxStream, over: () => void): void {
  forward(left, right);
  forward(right, left);
  let open = 2;
  const one = (): void => {
    if (--open === 0) over();
  };
  left.once('close', one);
  right.once('close', one);
}

function forward(from: MuxStream, to: MuxStream): void {
  from.on('data', (bytes: Buffer) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => {
    if (from.errored !== null) to.reset(from.errored instanceof Fault ? from.errored.code : 'internal');
  });
}
