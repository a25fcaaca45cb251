/** Flows in place of a connector's: one that gives back what it is sent, and one that has always more to say. */
import { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { settle } from '../../support/settle.ts';

/** Ends when its other side does. */
export function echoFlow(): Duplex {
  const flow = new Duplex({
    allowHalfOpen: true,
    read() {
      // Everything is pushed as it comes.
    },
    write(bytes: Buffer, _encoding, done) {
      flow.push(bytes);
      done();
    },
    final(done) {
      flow.push(null);
      done();
    },
  });
  return flow;
}

/** `held` resolves with the bytes that were taken of it, once that is no more for the moment. */
export function endlessFlow(t: Pick<TestContext, 'after'>): {
  readonly flow: Duplex;
  readonly held: () => Promise<number>;
} {
  let taken = 0;
  const flow = new Duplex({
    read() {
      taken += 16_384;
      this.push(Buffer.alloc(16_384));
    },
    write: (_bytes, _encoding, done) => done(),
  });
  t.after(() => flow.destroy());
  const held = async (): Promise<number> => {
    await eventually('nothing more to be taken', async () => {
      const before = taken;
      await settle();
      return (before > 0 && taken === before) || undefined;
    });
    return taken;
  };
  return { flow, held };
}
