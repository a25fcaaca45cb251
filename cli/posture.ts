/**
 * Posture for administrators, below `postern device`: what a profile would block before it is used, and who says what of
 * devices from outside.
 */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import {
  DeviceStanding,
  DryRunOutcome,
  PostureSourceEntry,
  type StandingCheck,
} from '../protocol/inventory.ts';
import { adminCall, ApiProblem } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { count } from './count.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { readYamlDocument } from './yaml-document.ts';

const isSources = Compile(Type.Array(PostureSourceEntry));
const isStandings = Compile(Type.Array(DeviceStanding));
const isOutcome = Compile(DryRunOutcome);

interface Options extends AdminOptions {
  file?: string;
  json?: boolean;
}

/** Adds `posture` and `sources` to the command of devices. */
export function postureCommands(device: Command): void {
  withAdminOptions(
    device
      .command('posture')
      .description('say which devices a posture profile would block; changes nothing')
      .argument('<profile>', 'its name')
      .option('-f, --file <file>', 'take the profile from this file, which need not be in force'),
  )
    .option('--json', 'as one JSON object')
    .action(action(dryRun));
  withAdminOptions(
    device.command('sources').description('show who says from outside which devices are compliant'),
  )
    .option('--json', 'as one JSON object')
    .action(action(sources));
}

async function dryRun(profile: string, options: Options): Promise<void> {
  const target = await adminTarget(options);
  const asked = options.file === undefined ? profile : profileIn(options.file, profile);
  const answer = await adminCall(target, 'POST', '/api/v1/posture/dry-run', { profile: asked }).catch(
    (error: unknown) => {
      const issues = error instanceof ApiProblem ? (error.problem.issues ?? []) : [];
      if (issues.length === 0) throw error;
      for (const { path, message } of issues) say(`${path.slice(1).join('.')} ${message}`.trim());
      throw new CommandError(exits.usage, `the posture profile "${profile}" cannot be used as it is`);
    },
  );
  if (!isOutcome.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is not that of a dry run');
  const rows = answer.list
    .filter(({ met }) => met !== true)
    .map(({ name, ownerName, checks }) => [name, ownerName, unmet(checks)]);
  print(options.json === true, { schema: 'postern.posture/v1', ...answer }, table(rows));
  if (options.json === true) return;
  const { blocked, devices } = answer;
  say(
    devices === 0
      ? 'No device has signed in yet.'
      : `"${answer.profile}" would block ${blocked} of ${count(devices, 'device')}.`,
  );
  if (answer.list.some(({ checks }) => checks.some(({ name }) => name.endsWith('-unknown'))))
    say(
      'A device tells only what a profile in force asks for: apply the profile without using it, and ask again a minute later.',
    );
}

/** The profile of that name in a file; unchecked. */
function profileIn(file: string, name: string): unknown {
  const { value } = readYamlDocument(file, process.env);
  const profiles = (value as { postureProfiles?: unknown } | null)?.postureProfiles;
  const found = (Array.isArray(profiles) ? (profiles as ({ name?: unknown } | null)[]) : []).find(
    (each) => each?.name === name,
  );
  if (found === undefined)
    throw new CommandError(
      exits.usage,
      `${file} has no posture profile "${name}"; give the name of one below postureProfiles`,
    );
  return found;
}

async function sources(options: Options): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'GET', '/api/v1/posture/sources');
  if (!isSources.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no list of sources');
  const rows = answer.map(({ name, way, heard, fault, verdicts, notCompliant, unknown }) => [
    name,
    way,
    heard === undefined ? 'never heard' : `heard ${heard}`,
    `${count(verdicts, 'verdict')}, ${notCompliant} not compliant, ${unknown} of unknown devices`,
    fault === undefined ? '' : `! ${fault}`,
  ]);
  print(options.json === true, { schema: 'postern.posture-sources/v1', sources: answer }, table(rows));
  if (answer.length === 0 && options.json !== true)
    say('The document names no posture sources; see docs/posture.md.');
}

/** How every device stands, by its id. */
export async function deviceStandings(target: AdminTarget): Promise<Map<string, DeviceStanding>> {
  const answer = await adminCall(target, 'GET', '/api/v1/posture/devices');
  if (!isStandings.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no list of what devices report');
  return new Map(answer.map((each) => [each.id, each]));
}

/** Posture in short: `posture 5/6: The firewall is off`; empty where no profile asks for anything. */
export function shortPosture(standing: DeviceStanding | undefined): string {
  if (standing === undefined || standing.checks.length === 0) return '';
  const met = standing.checks.filter((check) => check.met).length;
  const rest = unmet(standing.checks);
  return `posture ${met}/${standing.checks.length}${rest === '' ? '' : `: ${rest}`}`;
}

function unmet(checks: readonly StandingCheck[]): string {
  return checks
    .filter(({ met }) => !met)
    .map(({ text }) => text)
    .join('; ');
}
