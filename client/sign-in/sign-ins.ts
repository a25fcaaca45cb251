/**
 * Who signs in on this device, and when: a service account with its key by itself, a person when they are asked to. One
 * attempt at a time; the prompt goes to whoever asked for it.
 */
import { systemRandom } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import { Fault } from '../../protocol/errors.ts';
import type { ControlConnection } from '../../protocol/node/control-connection.ts';
import type { Credential } from '../../protocol/node/introduction.ts';
import { encodeEnrolmentKey, type EnrolmentKey } from '../../protocol/secrets.ts';
import { signInByBrowser, signInByCode, type SignIn, type SignInPrompt } from './sign-in.ts';

export interface SignInsOptions {
  /** A service account's. */
  readonly key: EnrolmentKey | undefined;
  /** Whether a person signs in through a browser on this machine, or types a code elsewhere. */
  readonly browser: boolean;
  readonly control: () => Pick<ControlConnection, 'send' | 'signIn'> | undefined;
  /** Whether the controller knows this device: then a first channel says hello and needs nobody to sign in. */
  readonly isEnrolled: () => boolean;
}

/** Which session somebody is signed in with; `began`, in epoch seconds, is another after each sign-in. */
export interface SignedIn {
  readonly id: string;
  readonly began?: number | undefined;
}

export class SignIns {
  readonly #options: SignInsOptions;
  #attempt: SignIn | undefined;
  #prompt = Promise.withResolvers<SignInPrompt>();
  /** Whether a person is to be asked as soon as the controller wants a sign-in. */
  #isAsking = false;
  /** Whether a sign-in was asked for since the session ended. */
  #isRenewing = false;
  /** Of the last snapshot; undefined: none, or ended. */
  #session: SignedIn | undefined;
  /** In which session the attempt began, which is to end in another. */
  #since: SignedIn | undefined;
  /** Goes up whenever an attempt is given up, also one that is not there yet. */
  #ended = 0;

  constructor(options: SignInsOptions) {
    this.#options = options;
  }

  /** Whether somebody is asked to sign in. */
  get isPending(): boolean {
    return this.#isAsking || this.#attempt !== undefined;
  }

  /** The prompt of the attempt that is under way, once the controller has answered; rejects as `login` does. */
  get prompted(): Promise<SignInPrompt> {
    return this.#prompt.promise;
  }

  /** What the first channel signs in with; undefined where it needs nothing, and then nothing listens either. */
  async begin(): Promise<Credential | undefined> {
    const { key, isEnrolled } = this.#options;
    if (key !== undefined) return { secret: encodeEnrolmentKey(key) };
    this.#isAsking = true;
    return isEnrolled() ? undefined : (await this.#beginAttempt())?.credential;
  }

  /** Takes what the controller says of the attempt; the prompt to show, if it was one. */
  receive(message: FromController): SignInPrompt | undefined {
    const prompt = this.#attempt?.receive(message);
    if (prompt !== undefined) this.#prompt.resolve(prompt);
    return prompt;
  }

  /**
   * Somebody is signed in: in this session, as far as the controller tells. Ends an attempt, unless that began in this very
   * session and so waits for the next one.
   */
  signedIn(session?: SignedIn): void {
    const isNew = session?.began === undefined || !isSame(session, this.#since);
    this.#session = session;
    this.#isRenewing = false;
    this.#isAsking = false;
    if (isNew) this.close();
  }

  /**
   * The session has ended: a service signs in again by itself, a person where they are being asked anyway. Rejects with
   * the system's error where nothing can listen.
   */
  async renew(): Promise<void> {
    this.#session = undefined;
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const { key, control } = this.#options;
    if (key !== undefined) return void control()?.signIn({ secret: encodeEnrolmentKey(key) });
    if (!this.isPending) return;
    const attempt = this.#attempt ?? (await this.#beginAttempt());
    if (attempt !== undefined) control()?.signIn(attempt.credential);
    return undefined;
  }

  /**
   * Starts a new attempt on the open channel, for what the resource of that name asks for where it is given. Rejects with
   * a Fault: `denied` on a service account's device, `out-of-contact`, or what `refused` was called with.
   */
  async login(resource: string | undefined): Promise<SignInPrompt> {
    const { key, control } = this.#options;
    if (key !== undefined) throw new Fault('denied', 'a service account signs in with its key, not by login');
    this.close();
    const attempt = await this.#beginAttempt();
    if (attempt === undefined) throw new Fault('cancelled', 'another sign-in began meanwhile');
    this.#prompt = Promise.withResolvers();
    const { promise } = this.#prompt;
    const more = resource === undefined ? {} : { for: resource };
    if (control()?.signIn({ ...attempt.credential, ...more }) !== true)
      throw new Fault('out-of-contact', 'the controller is not reachable now; try again');
    return promise;
  }

  /** The controller lets this device in no more. */
  refused(fault: Fault): void {
    // When it is let in again, the session that has ended is one to renew.
    this.#isRenewing = false;
    this.#isAsking = this.isPending;
    this.close();
    this.#prompt.promise.catch(() => undefined);
    this.#prompt.reject(fault);
  }

  /** Ends the attempt; nothing listens any more. */
  close(): void {
    this.#ended += 1;
    this.#attempt?.close();
    this.#attempt = undefined;
    this.#since = undefined;
  }

  /** A new attempt in place of none; undefined where it was given up before it had begun. */
  async #beginAttempt(): Promise<SignIn | undefined> {
    const { browser, control } = this.#options;
    const ended = this.#ended;
    this.#since = this.#session;
    const attempt = browser
      ? await signInByBrowser(systemRandom, (message) => control()?.send(message))
      : signInByCode();
    if (ended === this.#ended) return (this.#attempt = attempt);
    attempt.close();
    return undefined;
  }
}

function isSame(one: SignedIn, other: SignedIn | undefined): boolean {
  return other !== undefined && one.id === other.id && one.began === other.began;
}
