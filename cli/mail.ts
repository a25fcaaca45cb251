/** `postern mail`: whether mail goes out, and a test. */
import type { Command } from 'commander';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { MailStatus, MailTested } from '../protocol/mail.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say } from './output.ts';

const isStatus = Compile(MailStatus);
const isTested = Compile(MailTested);

interface Options extends AdminOptions {
  json?: boolean;
}

export function mailCommand(program: Command): void {
  const mail = program.command('mail').description('whether mail goes out, and a test');
  withAdminOptions(mail.command('status').description('show the SMTP server, what waits, and the last fault'))
    .option('--json', 'as one JSON object')
    .action(action(status));
  withAdminOptions(
    mail.command('test <address>').description('send one mail there now, and say how that went'),
  )
    .option('--json', 'as one JSON object')
    .action(action(test));
}

async function status(options: Options): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'GET', '/api/v1/mail');
  if (!isStatus.Check(answer)) throw new CommandError(exits.unexpected, 'the answer says nothing of mail');
  const { server, from, sent, fault, waiting } = answer;
  const lines = [
    server === undefined
      ? 'No SMTP server is named; nobody is told by mail.'
      : `Mail goes out by ${server}, from ${from ?? 'nobody'}`,
    `${waiting} waiting`,
    ...(sent === undefined ? [] : [`last taken ${sent}`]),
    ...(fault === undefined ? [] : [`! ${fault}`]),
  ];
  print(options.json === true, { schema: 'postern.mail/v1', ...answer }, lines.join('\n'));
  if (options.json === true) return;
  say(
    server === undefined
      ? 'Start the controller with --smtp and --mail-from.'
      : 'Next: postern mail test alice@acme.example',
  );
}

async function test(address: string, options: Options): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'POST', '/api/v1/mail/test', { to: address });
  if (!isTested.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer does not say how it went');
  const { ok, ms, fault = '' } = answer;
  const text = ok ? `The SMTP server took it, in ${ms} ms.` : `! ${fault}`;
  print(options.json === true, { schema: 'postern.mail-test/v1', ...answer }, text);
  if (!ok)
    throw new CommandError(
      exits.unexpected,
      'the test mail was not sent; look at --smtp, its user and its password',
    );
  if (options.json !== true) say(`Look whether it came to ${address}.`);
}
