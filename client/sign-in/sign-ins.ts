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
  readonly control: () => ControlConnection | undefined;
}

export class SignIns {
  readonly #options: SignInsOptions;
  #attempt: SignIn | undefined;
  #prompt = Promise.withResolvers<SignInPrompt>();
  /** Whether a sign-in was asked for since the session ended. */
  #isRenewing = false;

  constructor(options: SignInsOptions) {
    this.#options = options;
  }

  /** Whether somebody is asked to sign in. */
  get isPending(): boolean {
    return this.#attempt !== undefined;
  }

  /** The prompt of the attempt that is under way, once the controller has answered; rejects as `login` does. */
  get prompted(): Promise<SignInPrompt> {
    return this.#prompt.promise;
  }

  /** What the first channel signs in with. */
  async begin(): Promise<Credential | undefined> {
    const { key } = this.#options;
    if (key !== undefined) return { secret: encodeEnrolmentKey(key) };
    this.#attempt = await this.#newAttempt();
    return this.#attempt.credential;
  }

  /** Takes what the controller says of the attempt; the prompt to show, if it was one. */
  receive(message: FromController): SignInPrompt | undefined {
    const prompt = this.#attempt?.receive(message);
    if (prompt !== undefined) this.#prompt.resolve(prompt);
    return prompt;
  }

  /** Somebody is signed in. */
  signedIn(): void {
    this.#isRenewing = false;
    this.close();
    this.#attempt = undefined;
  }

  /** The session has ended: a service signs in again by itself, a person where they are being asked anyway. */
  renew(): void {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const { key, control } = this.#options;
    if (key !== undefined) control()?.signIn({ secret: encodeEnrolmentKey(key) });
    else if (this.#attempt !== undefined) control()?.signIn(this.#attempt.credential);
  }

  /**
   * Starts a new attempt on the open channel, for what the resource of that name asks for where it is given. Rejects with
   * a Fault: `denied` on a service account's device, `out-of-contact`, or what `refused` was called with.
   */
  async login(resource: string | undefined): Promise<SignInPrompt> {
    const { key, control } = this.#options;
    if (key !== undefined) throw new Fault('denied', 'a service account signs in with its key, not by login');
    this.close();
    this.#attempt = await this.#newAttempt();
    this.#prompt = Promise.withResolvers();
    const { promise } = this.#prompt;
    const more = resource === undefined ? {} : { for: resource };
    if (control()?.signIn({ ...this.#attempt.credential, ...more }) !== true)
      throw new Fault('out-of-contact', 'the controller is not reachable now; try again');
    return promise;
  }

  /** The controller lets this device in no more. */
  refused(fault: Fault): void {
    // When it is let in again, the session that has ended is one to renew.
    this.#isRenewing = false;
    this.#prompt.promise.catch(() => undefined);
    this.#prompt.reject(fault);
  }

  /** Ends the attempt; nothing listens any more. */
  close(): void {
    this.#attempt?.close();
  }

  async #newAttempt(): Promise<SignIn> {
    const { browser, control } = this.#options;
    return browser ? signInByBrowser(systemRandom, (message) => control()?.send(message)) : signInByCode();
  }
}
