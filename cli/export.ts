/** `postern export`: the document in force as the text of `postern.yaml`. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say } from './output.ts';
import { exportYaml } from './yaml-export.ts';

interface Options extends AdminOptions {
  json?: boolean;
}

const isAnswer = Compile(
  Type.Object({ revision: Type.Integer(), document: Type.Object({ organisation: Type.String() }) }),
);

export function exportCommand(program: Command): void {
  withAdminOptions(
    program
      .command('export')
      .description(
        'print the document in force as postern.yaml, which apply takes back; secrets become variables',
      ),
  )
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(options: Options): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'GET', '/api/v1/document');
  if (!isAnswer.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no document of an organisation');
  const { revision, document } = answer;
  if (revision === 0)
    throw new CommandError(
      exits.usage,
      'no document is in force yet; make one: postern apply -f postern.yaml',
    );
  const text = exportYaml(document, `${document.organisation}, revision ${revision}`);
  print(options.json === true, { schema: 'postern.export/v1', revision, document }, text);
  if (options.json !== true && text.includes('{ env: '))
    say('Secrets are never shown: set the variables that stand in their place before you apply this.');
}
