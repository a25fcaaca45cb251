/**
 * Sends the controller's few mails over SMTP. Text only. What a stranger's name or reason holds stays in the place it was
 * written to: no header is made of it, and no second recipient.
 */
import nodemailer from 'nodemailer';
import type { Email } from '../../protocol/email-address.ts';

export interface MailOptions {
  /** `smtp://` (STARTTLS, but on loopback) or `smtps://`, with a user and a port where they are needed. */
  readonly url: URL;
  /** The user's. */
  readonly password?: string;
  /** The sender, as a header has it. */
  readonly from: string;
  /** PEM of a private authority that the server's certificate is checked against. */
  readonly ca?: string;
  readonly failed: (error: unknown) => void;
}

export interface Mail {
  readonly to: Email;
  readonly subject: string;
  readonly text: string;
}

/** A mail that was not taken; the message is a sentence without addresses. */
export class MailFault extends Error {
  /** Whether the server will never take it: it knows no such mailbox, or refuses what the mail says. */
  readonly isFinal: boolean;

  constructor(message: string, isFinal = false, options?: ErrorOptions) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

export interface Mailer {
  /** The server and the sender, for administrators; without user and password. */
  readonly server: string;
  readonly from: string;
  /** Puts it in the queue and returns at once, so that nobody can tell by the time whether there was a mail. */
  send(mail: Mail): void;
  /** Resolves when the server has taken it; rejects with a `MailFault`. */
  deliver(mail: Mail): Promise<void>;
  close(): void;
}

/** Mails that wait for the server; further ones are failed. */
const mostWaiting = 500;
const timeoutMs = 20_000;
const longestSubject = 200;

export function openMailer({ url, password, from, ca, failed }: MailOptions): Mailer {
  const isSecure = url.protocol === 'smtps:';
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const transport = nodemailer.createTransport({
    pool: true,
    maxConnections: 2,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 465 : 587) : Number(url.port),
    secure: isSecure,
    requireTLS: !isSecure && !isLoopback,
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(url.username === ''
      ? {}
      : {
          auth: {
            user: decodeURIComponent(url.username),
            pass: password ?? decodeURIComponent(url.password),
          },
        }),
    connectionTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // What a mail holds is written here; nothing is ever read from a file or fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const deliver = async ({ to, subject, text }: Mail): Promise<void> => {
    const message = {
      from,
      to: { name: '', address: to },
      subject: oneLine(subject),
      text,
      headers: { 'auto-submitted': 'auto-generated' },
    };
    await transport.sendMail(message).catch((error: unknown) => {
      throw faultOf(error);
    });
  };
  let waiting = 0;
  return {
    server: `${url.protocol}//${url.host}`,
    from,
    deliver,
    send(mail) {
      if (waiting >= mostWaiting) return failed(new Error('too many mails wait for the SMTP server'));
      waiting += 1;
      deliver(mail)
        .catch(failed)
        .finally(() => {
          waiting -= 1;
        });
      return undefined;
    },
    close: () => transport.close(),
  };
}

/** A subject without anything that could end it early. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, longestSubject);
}

function faultOf(error: unknown): MailFault {
  const { message, ...more } = error instanceof Error ? error : new Error(String(error));
  const { code, responseCode, command } = more as {
    readonly code?: unknown;
    readonly responseCode?: unknown;
    readonly command?: unknown;
  };
  const options = { cause: error };
  if (typeof responseCode === 'number') {
    if (code === 'EAUTH')
      return new MailFault(
        `The SMTP server refused the user or the password (${responseCode}).`,
        false,
        options,
      );
    const isOfThisMail = command === 'RCPT TO' || command === 'DATA';
    const isFinal = responseCode >= 500 && isOfThisMail;
    return new MailFault(`The SMTP server answered ${responseCode}.`, isFinal, options);
  }
  // The message has an address in it; the system's name for what happened has none.
  const reason = /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? (typeof code === 'string' ? code : 'unknown');
  return new MailFault(`The SMTP server cannot be reached (${reason}).`, false, options);
}
