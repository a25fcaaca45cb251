/**
 * A carrier to a published endpoint that tells how it went: whether the connector's key answered there, and what ended it.
 * Sees that by what the initiator's channel does with a carrier, which writes again only once RESP has proven the key.
 */
import type { Fault } from '../../protocol/errors.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';

export interface DirectCarrierEvents {
  /** The connector's key answered. */
  proven(): void;
  /**
   * Once. `fault`: what ended it; undefined where this side had no use for it any more, or the other side ended it in
   * order.
   */
  ended(fault: Fault | undefined, by: 'us' | 'them'): void;
}

/** The carrier is the returned one's from now on. */
export function watchedCarrier(carrier: Carrier, watch: DirectCarrierEvents): Carrier {
  let writes = 0;
  let isOver = false;
  const end = (fault: Fault | undefined, by: 'us' | 'them'): void => {
    if (isOver) return;
    isOver = true;
    watch.ended(fault, by);
  };
  return {
    start(events) {
      carrier.start({
        data: events.data.bind(events),
        drain: events.drain.bind(events),
        closed(fault) {
          end(fault, 'them');
          events.closed(fault);
        },
      });
    },
    write(bytes, block) {
      // The first is INIT.
      if (writes < 2 && ++writes === 2) watch.proven();
      return carrier.write(bytes, block);
    },
    pause: () => carrier.pause(),
    resume: () => carrier.resume(),
    close(fault) {
      end(fault, 'us');
      carrier.close(fault);
    },
  };
}
