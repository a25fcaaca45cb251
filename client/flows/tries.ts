/** What is asked of a connector: again where it is lost before it answers, and for so long and no longer. */
import type { Clock } from '../../protocol/clock.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import type { Session } from '../../protocol/link/session.ts';

/** Connectors that are asked one after the other, where each is lost before it answers. */
const mostTries = 3;

/** The connector may be lost under a stream before it answers: one more try finds the next. */
export async function trying<T>(
  session: () => Promise<Session>,
  attempt: (over: Session) => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const over = await session();
    try {
      return await attempt(over);
    } catch (error) {
      const { code } = toFault(error);
      const isLost = code === 'connector-lost' || code === 'draining';
      if (!isLost || tried >= mostTries) throw error;
    }
  }
}

/** What the promise gives, or a Fault `timeout` after `ms`, when `late` is run as well. */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  late?: () => void,
): Promise<T> {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => {
      late?.();
      reject(new Fault('timeout'));
    });
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    cancel();
  }
}
