/** How a controller is told of the SMTP server by which it reaches people. */
import { Option, type Command } from 'commander';
import type { MailOptions } from '../controller/notifications/mailer.ts';
import { exits } from '../protocol/errors.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';
import { readSecret } from './secret.ts';

export interface MailFlags {
  smtp?: URL;
  smtpPasswordFile?: string;
  smtpCa?: string;
  mailFrom?: string;
}

export function addMailOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--smtp <url>',
        'for mail to guests, approvers and administrators: smtp://user@mail.example.com:587 or smtps://…',
      )
        .env('POSTERN_SMTP')
        .argParser(parseSmtp),
    )
    .option(
      '--smtp-password-file <file>',
      'the password of that user; also POSTERN_SMTP_PASSWORD or …_FILE, and - is standard input',
    )
    .option('--smtp-ca <file>', 'the authority of the SMTP server, where it is a private one, PEM')
    .addOption(new Option('--mail-from <address>', 'the sender of those mails').env('POSTERN_MAIL_FROM'));
}

/** Undefined where no server is named. */
export async function mailOptions({
  smtp,
  smtpPasswordFile,
  smtpCa,
  mailFrom,
}: MailFlags): Promise<Omit<MailOptions, 'failed'> | undefined> {
  if (smtp === undefined) {
    if (mailFrom === undefined) return undefined;
    throw new CommandError(
      exits.usage,
      '--mail-from says who sends mail, and no server does; give --smtp, too',
    );
  }
  if (mailFrom === undefined)
    throw new CommandError(exits.usage, 'mail needs a sender; give --mail-from access@acme.example');
  const password = await readSecret('smtp-password', undefined, smtpPasswordFile);
  return {
    url: smtp,
    from: mailFrom,
    ...(password === undefined ? {} : { password }),
    ...(smtpCa === undefined ? {} : { ca: readInputFile(smtpCa) }),
  };
}

function parseSmtp(text: string): URL {
  const url = URL.parse(text);
  const isServer = url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '';
  // What was given may hold a password, so it is not repeated, as commander would.
  if (!isServer || !/^\/?$/.test(url.pathname) || url.search !== '')
    throw new CommandError(
      exits.usage,
      'what --smtp was given is no address; write one such as smtp://user@mail.example.com:587',
    );
  if (url.password !== '')
    throw new CommandError(
      exits.usage,
      '--smtp holds a password; leave it out, and give --smtp-password-file or POSTERN_SMTP_PASSWORD',
    );
  return url;
}
