/** Sends the controller's few mails over SMTP. Text only; nothing waits for a mail to be taken, and its failure is logged. */
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

export interface Mailer {
  /** Puts it in the queue and returns at once, so that nobody can tell by the time whether there was a mail. */
  send(mail: Mail): void;
  close(): void;
}

/** Mails that wait for the server; further ones are failed. */
const mostWaiting = 500;
const timeoutMs = 20_000;

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
  let waiting = 0;
  return {
    send({ to, subject, text }) {
      if (waiting >= mostWaiting) return failed(new Error('too many mails wait for the SMTP server'));
      waiting += 1;
      transport
        .sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          headers: { 'auto-submitted': 'auto-generated' },
        })
        .catch(failed)
        .finally(() => {
          waiting -= 1;
        });
      return undefined;
    },
    close: () => transport.close(),
  };
}
