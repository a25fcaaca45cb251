/** `postern apply`: puts a whole organisation, one file, into force. */
import type { Command } from 'commander';
import { Compile } from 'typebox/compile';
import { ApplyResult } from '../protocol/document-revisions.ts';
import { exits } from '../protocol/errors.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { count } from './count.ts';
import { orRefuse, readDocument } from './document-file.ts';
import { isProposed, sayProposed } from './proposed.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { ifMatch, withFromOption, type FromOption } from './revision-option.ts';

interface Options extends AdminOptions, FromOption {
  file: string;
  json?: boolean;
}

const isResult = Compile(ApplyResult);

export function applyCommand(program: Command): void {
  withFromOption(
    withAdminOptions(
      program
        .command('apply')
        .description('put an organisation, as one file, into force; changes nothing when anything is wrong')
        .option('-f, --file <file>', 'the file (- for standard input)', 'postern.yaml'),
    ),
  )
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(options: Options): Promise<void> {
  const target = await adminTarget(options);
  const document = readDocument(options.file, process.env);
  const result = await orRefuse(
    document,
    adminCall(target, 'PUT', '/api/v1/document', document.value, ifMatch(options)),
  );
  if (isProposed.Check(result)) return sayProposed(result, options.json === true, 'postern.apply/v1');
  if (!isResult.Check(result)) throw new CommandError(exits.unexpected, 'the answer is not that of apply');
  const { changes, revision } = result;
  const text = table(changes.map(({ action: done, kind, name }) => [done, kind, name]));
  print(options.json === true, { schema: 'postern.apply/v1', changes, revision }, text);
  if (options.json === true) return;
  say(
    changes.length === 0
      ? 'Nothing changed.'
      : `${count(changes.length, 'change')} in force, as revision ${revision}.`,
  );
  const key = changes.find(({ action: done, kind }) => done === 'created' && kind === 'network');
  if (key !== undefined) say(`Next, for a connector: postern token create --connector ${key.name}`);
}
