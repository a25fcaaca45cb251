/** An administrator and a person who act on an organisation of a lab over its API (`actor-process.ts`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from '../lab/place.ts';
import type { Program } from '../lab/program.ts';
import type { IdentityProvider } from '../identity-provider.ts';
import type { Answer, Ask, SignIn, SignOut } from './actor-process.ts';

/** Whom it acts on. */
export interface ActedOn {
  /** Where the person signs in. */
  readonly url: string;
  readonly caFile: string;
  /** Holds the administrator's API token. */
  readonly tokenFile: string;
  readonly provider: IdentityProvider;
}

export class Actor {
  readonly #program: Program;
  readonly #organisation: ActedOn;
  readonly #admin: string;
  #last = 0;

  private constructor(program: Program, organisation: ActedOn) {
    this.#program = program;
    this.#organisation = organisation;
    this.#admin = readFileSync(organisation.tokenFile, 'utf8').trim();
  }

  /** On the laptop, so that devices there share its address. */
  static async start(
    lab: { readonly dir: string; readonly laptop: Place },
    organisation: ActedOn,
  ): Promise<Actor> {
    const bundle = join(lab.dir, 'actor-authorities.pem');
    const { caFile, provider } = organisation;
    writeFileSync(bundle, [caFile, provider.caFile].map((file) => readFileSync(file, 'utf8')).join('\n'));
    const script = fileURLToPath(new URL('./actor-process.ts', import.meta.url));
    const program = lab.laptop.spawn('node', [script, organisation.url], {
      name: 'actor',
      env: { NODE_EXTRA_CA_CERTS: bundle },
    });
    await program.waitFor(/^ready$/m);
    return new Actor(program, organisation);
  }

  /** Signs a person in with a browser of their own; whoever was signed in here before is forgotten. */
  async signIn(email: string): Promise<Answer> {
    const { password } = this.#organisation.provider.person(email);
    const answer = await this.#send({ id: 0, signIn: { email, password } });
    if (answer.status !== 200) throw new Error(`sign-in: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The person signs out at their provider, which tells the controller. */
  async signOutAtProvider(): Promise<Answer> {
    const answer = await this.#send({ id: 0, signOutAt: this.#organisation.provider.issuer });
    if (answer.status === 0 || answer.status >= 400) throw new Error(`sign-out: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** A call with whatever answer. */
  call(as: Ask['as'], method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#send({ id: 0, as, method, path, ...(body === undefined ? {} : { body }) });
  }

  /** A call as the administrator. Rejects when the answer is not below 400. */
  async admin(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.call({ token: this.#admin }, method, path, body);
    if (answer.status === 0 || answer.status >= 400)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** Lets a device in by its code, as the signed-in person. */
  async approve(code: string): Promise<void> {
    const { status, body } = await this.call('person', 'POST', '/api/v1/me/logins/approve', { code });
    if (status !== 200) throw new Error(`approve: ${status} ${JSON.stringify(body)}`);
  }

  async #send(message: Ask | SignIn | SignOut): Promise<Answer> {
    this.#last += 1;
    const id = this.#last;
    this.#program.stdin.write(`${JSON.stringify({ ...message, id })}\n`);
    const [line] = await this.#program.waitFor(new RegExp(`^\\{"id":${id},.*\\n`, 'm'), {
      timeoutMs: 30_000,
    });
    return JSON.parse(line) as Answer;
  }
}
