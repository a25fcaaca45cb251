/** `postern why`: explains a decision; alike in words and exit code for what is hidden and what does not exist. */
import type { Command } from 'commander';
import type { WhyAnswer } from '../client/status.ts';
import { exits, type ExitCode } from '../protocol/errors.ts';
import { callRunning } from './local-call.ts';
import { action, print } from './output.ts';
import { stateOption } from './state-option.ts';

interface Options {
  state: string;
  json?: boolean;
}

export function whyCommand(program: Command): void {
  program
    .command('why')
    .description('explain why you may or may not use a resource')
    .argument('<resource>', 'its name, or a host name that leads to it')
    .addOption(stateOption())
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(resource: string, { state, json = false }: Options): Promise<void> {
  const query = new URLSearchParams({ resource }).toString();
  const why = (await callRunning(state, 'GET', `/v1/why?${query}`)) as WhyAnswer;
  print(json, why, text(why));
  process.exitCode = exitOfWhy(why);
}

/** 4 for a refusal, 5 when posture alone stands in the way, 3 when the session is over. */
export function exitOfWhy({ decision, reasons }: WhyAnswer): ExitCode {
  if (decision === 'granted') return exits.ok;
  if (decision === 'unknown') return exits.notSignedIn;
  const unmet = reasons.filter((reason) => !reason.met);
  const posture = unmet.every(({ name }) => name.startsWith('posture-') || name === 'system-not-listed');
  return unmet.length > 0 && posture ? exits.posture : exits.denied;
}

function text({ decision, resource, reasons, sign_in_for: wanted, text: sentence }: WhyAnswer): string {
  const heading = { granted: 'ALLOWED', refused: 'DENIED', hidden: 'DENIED', unknown: 'UNKNOWN' }[decision];
  const lines = reasons.map(
    ({ met, text: reason, policy, fix }) =>
      `  ${met ? '✓' : '✗'} ${reason}${policy === undefined ? '' : `  (policy "${policy}")`}${fix === undefined ? '' : `\n      fix: ${fix}`}`,
  );
  return [
    `${heading}  ${resource}`,
    ...lines,
    ...(wanted === undefined ? [] : [`  Sign in as it asks: postern login --for ${wanted}`]),
    ...(sentence === undefined ? [] : [`  ${sentence}`]),
  ].join('\n');
}
