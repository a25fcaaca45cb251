/** `postern audit`: who did what, what was refused, which flows there were. */
import { InvalidArgumentError, type Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { AuditRow } from '../protocol/inventory.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { printable } from './printable.ts';

interface Options extends AdminOptions {
  what?: string;
  who?: string;
  trace?: string;
  last?: number;
  json?: boolean;
}

const isPage = Compile(Type.Object({ entries: Type.Array(AuditRow), next: Type.Integer() }));

const shownAtOnce = 50;
const pageSize = 1_000;

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
  if (what !== undefined && !/^[a-z.-]{1,64}$/.test(what)) {
    throw new CommandError(
      exits.usage,
      `"${what}" is no kind of entry; write one such as flow or session.end`,
    );
  }
  const target = await adminTarget(options);
  const last = options.last ?? (json ? undefined : shownAtOnce);
  const entries =
    last === undefined
      ? await everything(target, { what, who, trace })
      : (await page(target, { last, what, who, trace })).entries;
  print(json, { schema: 'postern.audit/v1', entries }, table(entries.map(row)));
  if (!json && entries.length === last) say('There may be more: --last COUNT, or --json for all.');
}

async function everything(
  target: AdminTarget,
  chosen: Readonly<Record<'what' | 'who' | 'trace', string | undefined>>,
): Promise<AuditRow[]> {
  const entries: AuditRow[] = [];
  for (let after = 0; ;) {
    const { entries: more, next } = await page(target, { after, limit: pageSize, ...chosen });
    entries.push(...more);
    if (more.length < pageSize) return entries;
    after = next;
  }
}

async function page(
  target: AdminTarget,
  query: Readonly<Record<string, string | number | undefined>>,
): Promise<{ entries: AuditRow[]; next: number }> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const answer = await adminCall(target, 'GET', `/api/v1/audit?${search.toString()}`);
  if (!isPage.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no part of the audit log');
  return answer;
}

function row({ time, what, result, who, resource, reasons, cause, detail }: AuditRow): string[] {
  const why = [...reasons, ...(cause === undefined ? [] : [`cause ${cause}`])].join(', ');
  return [time, what, result, who, resource ?? '', why, requestIn(detail)];
}

/**
 * The request at a public hostname that an entry is about, and how many others alike it stands for: `GET /admin from
 * 198.51.100.7, 12 more`; empty where it is about none.
 */
function requestIn(detail: unknown): string {
  if (typeof detail !== 'object' || detail === null) return '';
  const { method, path, address, count } = detail as Readonly<Record<string, unknown>>;
  const request = [
    ...(typeof method === 'string' && typeof path === 'string' ? [`${method} ${path}`] : []),
    ...(typeof address === 'string' ? [`from ${address}`] : []),
  ].join(' ');
  const parts = [request, ...(typeof count === 'number' ? [`${count} more`] : [])];
  return printable(parts.filter((part) => part !== '').join(', '));
}

function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1_000) throw new InvalidArgumentError('give a number from 1 to 1000.');
  return count;
}
