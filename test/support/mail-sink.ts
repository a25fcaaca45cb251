/** A real SMTP server on loopback that keeps what it is sent. Whoever opens it closes it. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface SunkMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came. */
  readonly source: string;
}

export class MailSink {
  readonly mails: SunkMail[] = [];
  readonly #server: SMTPServer;

  private constructor(password: string | undefined) {
    this.#server = new SMTPServer({
      disabledCommands: ['STARTTLS', ...(password === undefined ? ['AUTH'] : [])],
      allowInsecureAuth: true,
      authOptional: password === undefined,
      onAuth: (auth, _session, done) =>
        auth.password === password ? done(null, { user: auth.username }) : done(new Error('wrong password')),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            source: Buffer.concat(chunks).toString(),
          });
          done();
        });
      },
    });
    this.#server.on('error', () => undefined);
  }

  static async open(password?: string): Promise<MailSink> {
    const sink = new MailSink(password);
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): URL {
    const { port } = this.#server.server.address() as AddressInfo;
    return new URL(`smtp://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** The code in a mail, as a person would type it. */
export function codeIn(mail: SunkMail | undefined): string {
  const code = /^\s+(\d{4} \d{4})\s*$/m.exec(mail?.source ?? '')?.[1];
  if (code === undefined) throw new Error(`there is no code in this mail:\n${mail?.source ?? 'none'}`);
  return code;
}
