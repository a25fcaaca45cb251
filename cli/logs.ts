/** `postern logs`: sign-ins, decisions, changes and flows of the organisation, as they happen. */
import { InvalidArgumentError, type Command } from 'commander';
import { systemClock } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import type { AuditRow } from '../protocol/inventory.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { auditPage, checkKind } from './audit-pages.ts';
import { auditCells } from './audit.ts';
import { LogTail } from './log-tail.ts';
import { action, CommandError, say } from './output.ts';
import { printable } from './printable.ts';
import { untilSignal } from './signals.ts';

interface Options extends AdminOptions {
  what?: string;
  who?: string;
  resource?: string;
  result?: string;
  search?: string;
  last: number;
  json?: boolean;
}

export const logLineSchema = 'postern.log/v1';

export function logsCommand(program: Command): void {
  withAdminOptions(
    program
      .command('logs')
      .description('follow the log of sign-ins, decisions, changes and flows, until stopped (Ctrl-C)')
      .option('--what <kind>', 'only entries of this kind, such as flow, flow.refused, session, document')
      .option(
        '--who <who>',
        'only of them: the e-mail address of a person or guest, or an id as the log has it',
      )
      .option('--resource <resource>', 'only about this resource, as the log has it')
      .option('--result <result>', 'only with this outcome, such as refused')
      .option('--search <text>', 'only with this text in who, resource, reasons or detail')
      .option('--last <count>', 'so many of what is there already come first, 0 to 1000', parseFirst, 10),
  )
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nWhat is further back: postern audit. A controller that is away is asked again until it is back.',
    )
    .action(action(run));
}

async function run({ json = false, ...options }: Options): Promise<void> {
  const { what, who, resource, result, search: q, last } = options;
  checkKind(what);
  if (result !== undefined && !/^[a-z-]{1,32}$/.test(result))
    throw new CommandError(exits.usage, `"${result}" is no outcome; write one such as refused or allowed`);
  const target = await adminTarget(options);
  const tail = new LogTail({
    page: (query) => auditPage(target, query),
    filters: { what, who, resource, result, q },
    first: last,
    show: (entry) => void process.stdout.write(`${json ? jsonLine(entry) : textLine(entry)}\n`),
    away: ({ message }) => say(`! ${message}; trying again. Nothing is missed.`),
    back: () => say('✓ The controller answers again.'),
    clock: systemClock,
  });
  // Whoever reads it may have seen enough.
  process.stdout.once('error', () => tail.stop());
  void untilSignal().then(() => tail.stop());
  await tail.run();
}

function jsonLine(entry: AuditRow): string {
  return JSON.stringify({ schema: logLineSchema, ...entry });
}

/** As rows of `postern audit`, with room for what is usual, since nobody knows what comes. */
function textLine(entry: AuditRow): string {
  const [time = '', what = '', result = '', ...rest] = auditCells(entry).map(printable);
  return [time, what.padEnd(18), result.padEnd(8), ...rest].join('  ').trimEnd();
}

function parseFirst(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : -1;
  if (count < 0 || count > 1_000) throw new InvalidArgumentError('give a number from 0 to 1000.');
  return count;
}
