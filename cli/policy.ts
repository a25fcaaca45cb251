/** `postern policy`: the document's history, an earlier revision, putting one back, and policy tests without a controller. */
import { InvalidArgumentError, type Command } from 'commander';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { stringify } from 'yaml';
import { checkDocument } from '../controller/organisation/document-issues.ts';
import { failedTestIssues, runPolicyTests } from '../policy/policy-tests.ts';
import { ApplyResult, DocumentChange, DocumentRevision } from '../protocol/document-revisions.ts';
import { exits } from '../protocol/errors.ts';
import { adminCall, ApiProblem } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { count } from './count.ts';
import { readDocument, refuse } from './document-file.ts';
import { isProposed, listProposals, refuseProposal, takeProposal, sayProposed } from './proposed.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { ifMatch, parseRevision, withFromOption, type FromOption } from './revision-option.ts';
import { exportYaml } from './yaml-export.ts';

interface Json {
  json?: boolean;
}

const isHistory = Compile(Type.Object({ revisions: Type.Array(DocumentRevision) }));
const Shown = Type.Object({
  revision: Type.Integer(),
  time: Type.String(),
  who: Type.String(),
  changes: Type.Array(DocumentChange),
  document: Type.Object({ organisation: Type.String() }),
});
const isShown = Compile(Shown);
const isApplied = Compile(ApplyResult);

export function policyCommand(program: Command): void {
  const policy = program
    .command('policy')
    .description('earlier revisions of the document, and tests of its policies');
  withAdminOptions(policy.command('history').description('who changed how much when, newest first'))
    .option('--last <count>', 'the newest so many, up to 100', parseCount, 20)
    .option('--json', 'as one JSON object')
    .action(action(history));
  withAdminOptions(policy.command('show <revision>').description('what a revision changed, before and after'))
    .option('--document', 'the whole document instead, as postern.yaml')
    .option('--json', 'as one JSON object')
    .action(action(show));
  withFromOption(
    withAdminOptions(
      policy
        .command('rollback <revision>')
        .description('put an earlier revision into force, as a new one; secrets stay as they are'),
    ),
  )
    .option('--json', 'as one JSON object')
    .action(action(rollback));
  withAdminOptions(policy.command('proposals').description('changes that wait for a second administrator'))
    .option('--json', 'as one JSON object')
    .action(action(listProposals));
  withAdminOptions(
    policy.command('refuse <proposal>').description('refuse a change that waits, or take one’s own back'),
  ).action(action(refuseProposal));
  withAdminOptions(
    policy
      .command('take <proposal>')
      .description(
        'what came of one’s own change once somebody else approved it, such as a token; only once',
      ),
  ).action(action(takeProposal));
  policy
    .command('test')
    .description('run the tests of a file against its policies, here, without a controller')
    .option('-f, --file <file>', 'the file (- for standard input)', 'postern.yaml')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nEnds with 0 when all pass, and with 2 when one fails or the file is wrong.')
    .action(action(test));
}

async function history(options: AdminOptions & Json & { last: number }): Promise<void> {
  const target = await adminTarget(options);
  const answer = await adminCall(target, 'GET', `/api/v1/document/history?limit=${options.last}`);
  if (!isHistory.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no history');
  const { revisions } = answer;
  const rows = revisions.map(({ revision, time, who, changes }) => [
    String(revision),
    time,
    count(changes, 'change'),
    who,
  ]);
  print(options.json === true, { schema: 'postern.policy-history/v1', revisions }, table(rows));
  if (options.json === true) return;
  const [newest] = revisions;
  say(
    newest === undefined
      ? 'No document is in force yet. Next: postern apply -f postern.yaml'
      : `Next, to see one: postern policy show ${newest.revision}`,
  );
}

async function show(which: string, options: AdminOptions & Json & { document?: boolean }): Promise<void> {
  const revision = typedRevision(which);
  const target = await adminTarget(options);
  const answer = await adminCall(target, 'GET', `/api/v1/document/history/${revision}`).catch(
    unknownRevision,
  );
  if (!isShown.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no revision');
  const text =
    options.document === true
      ? exportYaml(answer.document, `${answer.document.organisation}, revision ${revision}`)
      : revisionText(answer);
  print(options.json === true, { schema: 'postern.policy-revision/v1', ...answer }, text);

  function unknownRevision(error: unknown): never {
    if (error instanceof ApiProblem && error.problem.status === 404)
      throw new CommandError(exits.usage, `there is no revision ${revision}; see postern policy history`);
    throw error;
  }
}

/** A revision with what stood there before (`-`) and stands there after it (`+`). */
function revisionText({ revision, time, who, changes }: Static<typeof Shown>): string {
  const parts = changes.map(({ action: done, kind, name, before, after }) => {
    const [was, is] = [linesOf(before), linesOf(after)];
    return [
      `${done} ${kind} ${name}`,
      ...was.filter((line) => !is.includes(line)).map((line) => `  - ${line}`),
      ...is.filter((line) => !was.includes(line)).map((line) => `  + ${line}`),
    ].join('\n');
  });
  return [`Revision ${revision}, ${time}, by ${who}`, ...parts].join('\n\n');
}

/** One line for each key, with its value as the file would have it. */
function linesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(
    ([key, entry]) => `${key}: ${stringify(entry, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()}`,
  );
}

async function rollback(which: string, options: AdminOptions & Json & FromOption): Promise<void> {
  const revision = typedRevision(which);
  const target = await adminTarget(options);
  const body = { revision };
  const answer = await adminCall(target, 'POST', '/api/v1/document/rollback', body, ifMatch(options)).catch(
    (error: unknown) => {
      const issues = error instanceof ApiProblem ? error.problem.issues : undefined;
      if (issues === undefined || issues.length === 0) throw error;
      return refuse(issues.map(({ path, message }) => `revision ${revision}, ${path.join('.')}: ${message}`));
    },
  );
  if (isProposed.Check(answer))
    return sayProposed(answer, options.json === true, 'postern.policy-rollback/v1');
  if (!isApplied.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is not that of rollback');
  const { changes, revision: inForce } = answer;
  const text = table(changes.map(({ action: done, kind, name }) => [done, kind, name]));
  print(options.json === true, { schema: 'postern.policy-rollback/v1', changes, revision: inForce }, text);
  if (options.json === true) return;
  say(
    changes.length === 0
      ? `Nothing changed: revision ${revision} is what is in force.`
      : `${count(changes.length, 'change')} in force, as revision ${inForce}, which says what revision ${revision} said.`,
  );
}

function test(options: Json & { file: string }): void {
  const document = readDocument(options.file, undefined);
  const checked = checkDocument(document.value, { controllerHost: '', organisationName: undefined });
  if ('issues' in checked) return refuse(document.places(checked.issues));
  const results = runPolicyTests(checked.document, Date.now());
  const failed = results.filter(({ passed }) => !passed);
  const passed = results.length - failed.length;
  const rows = results.map(({ index, subject, passed: good }) => {
    const { can = [], cannot = [] } = checked.document.tests?.[index] ?? {};
    const says = [
      ...(can.length === 0 ? [] : [`can ${can.join(', ')}`]),
      ...(cannot.length === 0 ? [] : [`cannot ${cannot.join(', ')}`]),
    ];
    return [good ? 'passed' : 'failed', subject, says.join('; ')];
  });
  print(options.json === true, { schema: 'postern.policy-test/v1', passed, failed }, table(rows));
  if (failed.length > 0) process.exitCode = exits.usage;
  if (options.json === true) return;
  for (const line of document.places(failedTestIssues(failed))) say(line);
  say(
    results.length === 0
      ? `${options.file} has no tests; add some under tests:, as docs/policies.md shows`
      : `${count(passed, 'test')} passed, ${failed.length} failed.`,
  );
}

function typedRevision(text: string): number {
  try {
    return parseRevision(text);
  } catch {
    throw new CommandError(
      exits.usage,
      `"${text}" is no revision; give a number that postern policy history lists`,
    );
  }
}

function parseCount(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 100) throw new InvalidArgumentError('give a number from 1 to 100.');
  return number;
}
