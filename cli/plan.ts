/** `postern plan`: what `apply` would change, who would lose and gain what, and how the policy tests come out. */
import type { Command } from 'commander';
import { Compile } from 'typebox/compile';
import { failedTestIssues } from '../policy/policy-tests.ts';
import { PlanResult, type PlanAccess } from '../protocol/plan.ts';
import { exits } from '../protocol/errors.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { count } from './count.ts';
import { orRefuse, readDocument } from './document-file.ts';
import { action, CommandError, print, say, table } from './output.ts';

interface Options extends AdminOptions {
  file: string;
  json?: boolean;
}

const isResult = Compile(PlanResult);

/** What stands above the rows of each kind, in their order. */
const headings: readonly (readonly [PlanAccess['change'], PlanAccess['when'], string])[] = [
  ['loses', 'now', 'Loses now'],
  ['gains', 'now', 'Gains now'],
  ['loses', 'once-met', 'Could not have it any more, signed in or not'],
  ['gains', 'once-met', 'Could have it, once signed in and what it takes is met'],
  ['needs-more', 'once-met', 'Takes more than before'],
  ['needs-less', 'once-met', 'Takes less than before'],
  ['needs-other', 'once-met', 'Takes something else than before'],
];

export function planCommand(program: Command): void {
  withAdminOptions(
    program
      .command('plan')
      .description('show what apply would change, and who would lose or gain what; changes nothing')
      .option('-f, --file <file>', 'the file (- for standard input)', 'postern.yaml'),
  )
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nEnds with 0 when apply would take the file, and with 2 when it is refused or one of its tests fails.',
    )
    .action(action(run));
}

async function run(options: Options): Promise<void> {
  const target = await adminTarget(options);
  const document = readDocument(options.file, process.env);
  const answer = await orRefuse(document, adminCall(target, 'POST', '/api/v1/document/plan', document.value));
  if (!isResult.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is not that of plan');
  const failed = document.places(failedTestIssues(answer.tests.failed));
  print(options.json === true, { schema: 'postern.plan/v1', ...answer }, planText(answer, failed));
  if (failed.length > 0) process.exitCode = exits.usage;
  if (options.json === true) return;
  if (failed.length > 0) say('Apply would refuse this: a test fails. Nothing was changed.');
  else if (answer.changes.length > 0)
    say(`Nothing was changed. Next: postern apply -f ${options.file} --from ${answer.revision}`);
}

/** @param failed one line for each test that fails, with its place */
function planText(plan: PlanResult, failed: readonly string[]): string {
  const { changes, access, moreAccess, notLookedAt, warnings, moreWarnings, tests } = plan;
  const parts: string[] = [];
  const part = (heading: string, rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) parts.push(`${heading}\n${table(rows.map((row) => ['', ...row]))}`);
  };
  part(
    'Changes',
    changes.map(({ action: done, kind, name }) => [done, kind, name]),
  );
  for (const [change, when, heading] of headings)
    part(heading, access.filter((row) => row.change === change && row.when === when).map(accessRow));
  const rest = [
    ...(moreAccess > 0 ? [`${count(moreAccess, 'more row')} not shown`] : []),
    ...(notLookedAt > 0
      ? [`${notLookedAt} combinations of people and resources were not looked at: apply in smaller steps`]
      : []),
  ];
  part(
    'Not shown',
    rest.map((line) => [line]),
  );
  part('Warnings', [
    ...warnings.map(({ message }) => [message]),
    ...(moreWarnings > 0 ? [[count(moreWarnings, 'more warning')]] : []),
  ]);
  part(
    'Tests that fail',
    failed.map((line) => [line]),
  );
  if (tests.passed > 0) parts.push(`${count(tests.passed, 'test')} passed.`);
  if (changes.length === 0) parts.unshift('Nothing would change.');
  return parts.join('\n\n');
}

function accessRow({ who, resources, resourceCount, doors, needs, policies }: PlanAccess): string[] {
  return [
    whoText(who),
    listed(resources, resourceCount, 5),
    doors.map((door) => (door === 'web' ? 'browser' : door)).join(', '),
    needs.length === 0 ? '' : `takes ${needs.join(', ')}`,
    policies.length === 0 ? '' : `by ${policies.join(', ')}`,
  ];
}

function whoText({ kind, count: number, names, groups }: PlanAccess['who']): string {
  const inGroups = groups.length === 0 ? '' : ` of ${groups.join(', ')}`;
  if (kind === 'anyone') return groups.length === 0 ? 'anyone who signs in' : `anyone${inGroups}`;
  if (kind === 'service account') return `service ${listed(names, number, 3)}`;
  return number <= 3 ? listed(names, number, 3) : `${number} people${inGroups}: ${listed(names, number, 3)}`;
}

/** The first few, and how many more there are. */
function listed(names: readonly string[], total: number, shown: number): string {
  const first = names.slice(0, shown);
  const more = total - first.length;
  return more > 0 ? `${first.join(', ')} and ${more} more` : first.join(', ');
}
