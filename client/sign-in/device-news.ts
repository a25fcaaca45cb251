/** What the person has not been told yet about their other devices: each thing once while this process runs. */
import type { DeviceNews } from '../../protocol/snapshot.ts';

export class DeviceNewsReader {
  readonly #told = new Set<string>();

  /** What of the snapshot's news was not there before. */
  unread(news: readonly DeviceNews[]): DeviceNews[] {
    const keyOf = ({ device, what, at }: DeviceNews): string => `${device} ${what} ${at}`;
    const fresh = news.filter((each) => !this.#told.has(keyOf(each)));
    this.#told.clear();
    for (const each of news) this.#told.add(keyOf(each));
    return fresh;
  }
}
