/** `postern apply`: puts a whole organisation, one file, into force. */
import type { Command } from 'commander';
import { Compile } from 'typebox/compile';
import { ApplyResult } from '../protocol/admin.ts';
import { exits } from '../protocol/errors.ts';
import { adminCall, ApiProblem } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { readYamlDocument, YamlIssues, type YamlDocument } from './yaml-document.ts';

interface Options extends AdminOptions {
  file: string;
  json?: boolean;
}

const isResult = Compile(ApplyResult);

export function applyCommand(program: Command): void {
  withAdminOptions(
    program
      .command('apply')
      .description('put an organisation, as one file, into force; changes nothing when anything is wrong')
      .option('-f, --file <file>', 'the file (- for standard input)', 'postern.yaml'),
  )
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(options: Options): Promise<void> {
  const target = await adminTarget(options);
  const document = readDocument(options.file);
  const result = await adminCall(target, 'PUT', '/api/v1/document', document.value).catch(
    (error: unknown) => {
      const issues = error instanceof ApiProblem ? error.problem.issues : undefined;
      if (issues === undefined || issues.length === 0) throw error;
      return refuse(document.places(issues));
    },
  );
  if (!isResult.Check(result)) throw new CommandError(exits.unexpected, 'the answer is not that of apply');
  const { changes } = result;
  const text = table(changes.map(({ action: done, kind, name }) => [done, kind, name]));
  print(options.json === true, { schema: 'postern.apply/v1', changes }, text);
  if (options.json === true) return;
  say(changes.length === 0 ? 'Nothing changed.' : `${changes.length} changes are in force.`);
  const key = changes.find(({ action: done, kind }) => done === 'created' && kind === 'network');
  if (key !== undefined) say(`Next, for a connector: postern token create --connector ${key.name}`);
}

function readDocument(file: string): YamlDocument {
  try {
    return readYamlDocument(file, process.env);
  } catch (error) {
    if (error instanceof YamlIssues) return refuse(error.lines);
    throw error;
  }
}

/** Prints the issues as they are, so that editors find the places, and ends. */
function refuse(lines: readonly string[]): never {
  for (const line of lines) say(line);
  say('Nothing was changed.');
  process.exit(exits.usage);
}
