/**
 * `postern why`: explains a decision. For the person at this machine through the running client, alike in words and exit
 * code for what is hidden and what does not exist; for anybody else through the controller's simulator.
 */
import { InvalidArgumentError, type Command } from 'commander';
import type { WhyAnswer } from '../client/status.ts';
import type { Door } from '../protocol/policy-document.ts';
import { parseDuration } from '../protocol/durations.ts';
import { exits, type ExitCode } from '../protocol/errors.ts';
import { withAdminOptions } from './admin-options.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { action, CommandError, print } from './output.ts';
import { stateOption } from './state-option.ts';
import { isAboutPosture } from './why-exit.ts';
import type { SimulationOptions } from './why-simulated.ts';

interface Options extends SimulationOptions {
  state: string;
  account?: string;
  json?: boolean;
}

export function whyCommand(program: Command): void {
  withAdminOptions(
    program
      .command('why')
      .description('explain why you, or with --user somebody else, may or may not use a resource')
      .argument('<resource>', 'its name, or a host name that leads to it')
      .addOption(stateOption())
      .addOption(accountOption())
      .option('--user <e-mail>', 'as an administrator: for this person, by e-mail address or id')
      .option('--service <name>', 'as an administrator: for this service account')
      .option(
        '--groups <names>',
        'for somebody made up who is in these groups, or in place of theirs',
        parseNames,
      )
      .option('--device <name>', 'from this device, by name or id; none for a browser alone')
      .option('--door <door>', 'client or web', parseDoor)
      .option('--at <instant>', 'at this time, such as 2026-11-20T10:00:00+01:00', parseInstant)
      .option('--source <address>', 'from this address')
      .option('--mfa <duration>', 'as if several factors had been used so long before, such as 1h', parseMfa),
  )
    .option('--json', 'as one JSON object')
    .action(action(run));
}

/** What is only for the simulator. */
const simulated = ['device', 'door', 'at', 'source', 'mfa'] as const;

async function run(resource: string, options: Options): Promise<void> {
  const { state, account, json = false, user, service, groups } = options;
  if (user !== undefined || service !== undefined || groups !== undefined) {
    if (user !== undefined && service !== undefined)
      throw new CommandError(exits.usage, '--user and --service are two questions; give one of them');
    const { whySimulated } = await import('./why-simulated.ts');
    return whySimulated(resource, options, json);
  }
  const alone = simulated.find((name) => options[name] !== undefined);
  if (alone !== undefined) {
    throw new CommandError(
      exits.usage,
      `--${alone} is for the simulator; say for whom with --user, --service or --groups`,
    );
  }
  const query = new URLSearchParams({ resource }).toString();
  const why = (await callRunning(state, 'GET', routeFor(`/v1/why?${query}`, account))) as WhyAnswer;
  print(json, why, text(why));
  process.exitCode = exitOfWhy(why);
}

/** 4 for a refusal, 5 when posture alone stands in the way, 3 when the session is over. */
export function exitOfWhy({ decision, reasons }: WhyAnswer): ExitCode {
  if (decision === 'granted') return exits.ok;
  if (decision === 'unknown') return exits.notSignedIn;
  const unmet = reasons.filter((reason) => !reason.met);
  if (unmet.some(({ name }) => name === 'session-ended')) return exits.notSignedIn;
  return unmet.length > 0 && unmet.every(({ name }) => isAboutPosture(name)) ? exits.posture : exits.denied;
}

function text({ decision, resource, reasons, sign_in_for: wanted, text: sentence }: WhyAnswer): string {
  const heading = { granted: 'ALLOWED', refused: 'DENIED', hidden: 'DENIED', unknown: 'UNKNOWN' }[decision];
  const lines = reasons.map(
    ({ name, met, text: reason, policy, fix }) =>
      `  ${met ? '✓' : '✗'} ${reason}  (${name}${policy === undefined ? '' : `, policy "${policy}"`})` +
      (fix === undefined ? '' : `\n      fix: ${fix}`),
  );
  return [
    `${heading}  ${resource}`,
    ...lines,
    ...(wanted === undefined ? [] : [`  Sign in as it asks: postern login --for ${wanted}`]),
    ...(sentence === undefined ? [] : [`  ${sentence}`]),
  ].join('\n');
}

function parseDoor(text: string): Door {
  if (text === 'client' || text === 'web') return text;
  throw new InvalidArgumentError('write client or web.');
}

function parseInstant(text: string): string {
  const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;
  const ms = form.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('write an instant with its offset, such as 2026-11-20T10:00:00+01:00.');
  return new Date(ms).toISOString();
}

function parseMfa(text: string): string {
  if (parseDuration(text) === undefined)
    throw new InvalidArgumentError('write a duration such as 15m or 2h.');
  return text;
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)))
    throw new InvalidArgumentError('write names of groups, with commas between them.');
  return names;
}
