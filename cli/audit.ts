/** `postern audit`: who did what, what was refused, which flows there were. */
import { InvalidArgumentError, type Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import type { AuditRow } from '../protocol/inventory.ts';
import { requestIn } from '../protocol/request-in.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { auditPage, checkKind, pageSize } from './audit-pages.ts';
import { action, CommandError, print, say, table } from './output.ts';

interface Options extends AdminOptions {
  what?: string;
  who?: string;
  trace?: string;
  last?: number;
  json?: boolean;
}

const shownAtOnce = 50;

export function auditCommand(program: Command): void {
  withAdminOptions(
    program
      .command('audit')
      .description('read the audit log')
      .option('--what <kind>', 'only entries of this kind, such as flow, flow.refused, session, document')
      .option(
        '--who <who>',
        'only what they did or were refused: the e-mail address of a person or guest, or an id as the log has it',
      )
      .option('--trace <id>', 'the refusal that somebody was shown under this trace')
      .option(
        '--last <count>',
        `the newest so many; ${shownAtOnce} unless said, all with --json`,
        parseCount,
      ),
  )
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(options: Options): Promise<void> {
  const { json = false, what, who, trace } = options;
  if (trace !== undefined && !/^[0-9a-f]{16}$/.test(trace)) {
    throw new CommandError(
      exits.usage,
      `"${trace}" is no trace; copy its 16 digits from the page or the answer`,
    );
  }
  checkKind(what);
  const target = await adminTarget(options);
  const last = options.last ?? (json ? undefined : shownAtOnce);
  const entries =
    last === undefined
      ? await everything(target, { what, who, trace })
      : (await auditPage(target, { last, what, who, trace })).entries;
  print(json, { schema: 'postern.audit/v1', entries }, table(entries.map(auditCells)));
  if (!json && entries.length === last) say('There may be more: --last COUNT, or --json for all.');
}

async function everything(
  target: AdminTarget,
  chosen: Readonly<Record<'what' | 'who' | 'trace', string | undefined>>,
): Promise<AuditRow[]> {
  const entries: AuditRow[] = [];
  for (let after = 0; ;) {
    const { entries: more, next } = await auditPage(target, { after, limit: pageSize, ...chosen });
    entries.push(...more);
    if (more.length < pageSize) return entries;
    after = next;
  }
}

/** One entry as cells of a row; of a request at a public hostname with what was asked for, and from where. */
export function auditCells({
  time,
  what,
  result,
  who,
  resource,
  reasons,
  cause,
  detail,
}: AuditRow): string[] {
  const request = what.startsWith('flow.') ? requestIn(detail) : undefined;
  const why = [...reasons, ...(cause === undefined ? [] : [`cause ${cause}`]), request ?? []].flat();
  return [time, what, result, who, resource ?? '', why.join(', ')];
}

function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1_000) throw new InvalidArgumentError('give a number from 1 to 1000.');
  return count;
}
