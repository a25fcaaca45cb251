/**
 * The web door of a connector that may never need one: its code, HTTP servers and keys are loaded with the first resource that
 * has a public hostname. Until then it answers as a door that serves nothing; what comes while it opens waits for it.
 */
import type { FromController } from '../../protocol/control.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { WebDoor, WebDoorOptions } from './door.ts';

type State =
  | { readonly state: 'shut' }
  | { readonly state: 'opening'; readonly opened: Promise<void> }
  | { readonly state: 'open'; readonly door: WebDoor };

/** Resolves when the door is open, where what is known already says that it is needed. */
export async function webDoorWhenNeeded(options: WebDoorOptions): Promise<WebDoor> {
  const door = new WebDoorWhenNeeded(options);
  await door.openIfNeeded();
  return door;
}

class WebDoorWhenNeeded implements WebDoor {
  readonly #options: WebDoorOptions;
  #state: State = { state: 'shut' };
  #isWelcome = false;
  /** Whether a snapshot came since this connector began: what was kept of an older one asks for nothing yet. */
  #isFollowed = false;
  #isDrained = false;
  #isClosed = false;

  constructor(options: WebDoorOptions) {
    this.#options = options;
  }

  /** Opens it at the first public hostname; settles at once where there is none, or it is open. */
  openIfNeeded(): Promise<void> {
    const resources = Object.values(this.#options.snapshot()?.resources ?? {});
    if (this.#state.state === 'shut' && resources.some(({ web }) => web !== undefined)) this.#begin();
    return this.#state.state === 'opening' ? this.#state.opened : Promise.resolve();
  }

  take(...[stream, caller]: Parameters<WebDoor['take']>): void {
    if (this.#state.state === 'shut') return stream.reset('no-peer');
    return this.#whenOpen((door) => {
      if (!stream.destroyed) door.take(stream, caller);
    });
  }

  takeFlow(...[stream, device]: Parameters<WebDoor['takeFlow']>): boolean {
    if (this.#state.state === 'shut') return false;
    if (this.#state.state === 'open') return this.#state.door.takeFlow(stream, device);
    this.#whenOpen((door) => {
      if (!stream.destroyed && !door.takeFlow(stream, device)) stream.reset('busy');
    });
    return true;
  }

  certificateFor(
    ...[name, peerKey]: Parameters<WebDoor['certificateFor']>
  ): ReturnType<WebDoor['certificateFor']> {
    return this.#state.state === 'open' ? this.#state.door.certificateFor(name, peerKey) : undefined;
  }

  get certificates(): WebDoor['certificates'] {
    return this.#state.state === 'open' ? this.#state.door.certificates : [];
  }

  receive(message: FromController): boolean {
    if (this.#state.state === 'open') return this.#state.door.receive(message);
    // Whoever sends these expects a door; the snapshot that names its hostnames may be behind.
    const isForDoor = (message.t === 'web' && message.list.length > 0) || message.t === 'acme';
    if (!isForDoor) return message.t === 'web';
    if (this.#state.state === 'shut') this.#begin();
    this.#whenOpen((door) => void door.receive(message));
    return true;
  }

  forgetSigned(): void {
    if (this.#state.state === 'open') this.#state.door.forgetSigned();
  }

  welcomed(): void {
    this.#isWelcome = true;
    if (this.#state.state === 'open') this.#state.door.welcomed();
  }

  resume(): void {
    if (this.#state.state === 'open') this.#state.door.resume();
  }

  follow(): void {
    this.#isFollowed = true;
    if (this.#state.state === 'open') this.#state.door.follow();
    else void this.openIfNeeded();
  }

  liveFlows(): LiveFlow[] {
    return this.#state.state === 'open' ? this.#state.door.liveFlows() : [];
  }

  cutFlow(id: string): boolean {
    return this.#state.state === 'open' && this.#state.door.cutFlow(id);
  }

  get openExchanges(): number {
    return this.#state.state === 'open' ? this.#state.door.openExchanges : 0;
  }

  recheck(): number {
    return this.#state.state === 'open' ? this.#state.door.recheck() : Number.POSITIVE_INFINITY;
  }

  drain(): void {
    this.#whenOpen((door) => door.drain());
  }

  setDrained(isDrained: boolean): void {
    this.#isDrained = isDrained;
    this.#whenOpen((door) => door.setDrained(isDrained));
  }

  async close(code: CodeName): Promise<number> {
    this.#isClosed = true;
    if (this.#state.state === 'opening') await this.#state.opened;
    return this.#state.state === 'open' ? this.#state.door.close(code) : 0;
  }

  #begin(): void {
    const opened = this.#open();
    this.#state = { state: 'opening', opened };
  }

  async #open(): Promise<void> {
    const { openWebDoor } = await import('./web-door.ts');
    const door = await openWebDoor(this.#options);
    this.#state = { state: 'open', door };
    if (this.#isClosed) return;
    if (this.#isWelcome) door.welcomed();
    if (this.#isFollowed) door.follow();
    if (this.#isDrained) door.setDrained(true);
  }

  /** In the order of the calls. */
  #whenOpen(act: (door: WebDoor) => void): void {
    if (this.#state.state === 'open') return act(this.#state.door);
    if (this.#state.state === 'shut') return;
    void this.#state.opened.then(() => {
      if (this.#state.state === 'open' && !this.#isClosed) act(this.#state.door);
    });
  }
}
