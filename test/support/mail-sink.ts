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
  /** The status with which it refuses every recipient; undefined: it takes them. */
  refusing: number | undefined;
  readonly #server: SMTPServer;

  private constructor(password: string | undefined) {
    this.#server = new SMTPServer({
      disabledCommands: ['STARTTLS', ...(password === undefined ? ['AUTH'] : [])],
      allowInsecureAuth: true,
      // Senders keep their connections for a while.
      closeTimeout: 1,
      authOptional: password === undefined,
      onAuth: (auth, _session, done) =>
        auth.password === password ? done(null, { user: auth.username }) : done(new Error('wrong password')),
      onRcptTo: (_address, _session, done) =>
        this.refusing === undefined
          ? done()
          : done(Object.assign(new Error('not here'), { responseCode: this.refusing })),
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

/** The text of a mail, decoded, without its headers. */
export function textOf(mail: SunkMail | undefined): string {
  const source = mail?.source ?? '';
  const at = source.indexOf('\r\n\r\n');
  const body = source.slice(at + 4);
  if (/^content-transfer-encoding: base64/im.test(source.slice(0, at)))
    return Buffer.from(body, 'base64').toString();
  if (!/^content-transfer-encoding: quoted-printable/im.test(source.slice(0, at))) return body;
  const bytes = body.replaceAll(/=\r\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => `%${hex}`);
  return decodeURIComponent(bytes.replaceAll(/%(?![0-9A-F]{2})/g, '%25'));
}

/** The names of a mail's headers, in lower case. */
export function headersOf({ source }: SunkMail): string[] {
  const head = source.slice(0, source.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ');
  return head.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
}

/** The code in a mail, as a person would type it. */
export function codeIn(mail: SunkMail | undefined): string {
  const code = /^\s+(\d{4} \d{4})\s*$/m.exec(mail?.source ?? '')?.[1];
  if (code === undefined) throw new Error(`there is no code in this mail:\n${mail?.source ?? 'none'}`);
  return code;
}
