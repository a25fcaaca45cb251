/** A circuit: two streams of two hops joined. What passes is sealed; the relay sees sizes and times. */
import type { MuxStream } from '../protocol/mux/stream.ts';

/** Joins caller and callee both ways, half-closes included, and calls `ended` once both are gone. */
export function joinCircuit(caller: MuxStream, callee: MuxStream, ended: () => void): void {
  let open = 2;
  const closed = (other: MuxStream, mine: MuxStream): void => {
    if (!(mine.readableEnded && mine.writableFinished)) other.reset('no-peer');
    open -= 1;
    if (open === 0) ended();
  };
  caller.once('close', () => closed(callee, caller));
  callee.once('close', () => closed(caller, callee));
  callee.once('accept', () => caller.accept());
  caller.pipe(callee);
  callee.pipe(caller);
}
