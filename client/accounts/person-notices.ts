/** What a person hears of one account without asking: that their session ends soon, and news of their other devices. */
import type { Clock } from '../../protocol/clock.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { ClientEvent } from '../events.ts';
import { DeviceNewsReader } from '../sign-in/device-news.ts';
import { SessionWarnings } from '../sign-in/session-warnings.ts';

export class PersonNotices {
  readonly #warnings: SessionWarnings;
  readonly #news = new DeviceNewsReader();
  readonly #tell: (event: ClientEvent) => void;

  /** @param wallClock epoch milliseconds */
  constructor(clock: Clock, wallClock: () => number, tell: (event: ClientEvent) => void) {
    this.#tell = tell;
    this.#warnings = new SessionWarnings({
      clock,
      now: wallClock,
      warn: (leftMs) => tell({ kind: 'session-ending', leftMs }),
    });
  }

  /** By the snapshot that is remembered now; to be called again when the machine slept. */
  follow({ session, news }: DeviceSnapshot): void {
    const { id, kind, until, ended } = session;
    const renewable = kind === 'person' && ended === undefined;
    this.#warnings.follow(renewable ? { id, untilMs: until * 1_000 } : undefined);
    for (const each of this.#news.unread(news ?? [])) this.#tell({ kind: 'device-news', news: each });
  }

  stop(): void {
    this.#warnings.stop();
  }
}
