/** `postern config show`: what the options of a program are without flags, and where each comes from. No secret is ever printed. */
import { Argument, Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import type { CommandTree } from './completion.ts';
import {
  configuredPrograms,
  readConfigFile,
  type ConfigFile,
  type ConfiguredProgram,
  type Entry,
} from './config-file.ts';
import { configFileOf, secretsIn, warnOfOpenSecrets } from './config-option.ts';
import { placeText, type Origin } from './given-setting.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { settingInForce, type SettingInForce } from './setting-in-force.ts';
import { settingsOf } from './settings.ts';

interface Options {
  config?: string;
  origin?: boolean;
  json?: boolean;
}

export function configCommand(program: Command, tree: CommandTree): void {
  program
    .command('config')
    .description('the options of programs that run for long, from variables and a file')
    .command('show')
    .description('print what they are without flags; secrets only as set or not')
    .addArgument(
      new Argument('[program]', 'which; those with a section in the file unless said, or all').choices(
        configuredPrograms,
      ),
    )
    .option('--config <file>', 'the file, YAML or JSON (or POSTERN_CONFIG)')
    .option('--origin', 'also where each comes from: a variable, a place in the file, or the default')
    .option('--json', 'as one JSON object, with origins')
    .addHelpText('after', '\nWhat cannot be used is said as at a start, and ends with exit code 2.')
    .action(action((which: ConfiguredProgram | undefined, options: Options) => show(tree, which, options)));
}

async function show(
  tree: CommandTree,
  which: ConfiguredProgram | undefined,
  { config, origin = false, json = false }: Options,
): Promise<void> {
  const path = configFileOf(config, process.env);
  const file = path === undefined ? undefined : readConfigFile(path);
  const issues: string[] = [];
  const programs: { program: ConfiguredProgram; settings: readonly SettingInForce[] }[] = [];
  const open: string[] = [];
  for (const program of chosenPrograms(which, file)) {
    const settings = settingsOf(await commandOf(tree, program));
    const section = collect(issues, () => file?.section(program, settings)) ?? new Map<string, Entry>();
    open.push(...secretsIn(section, settings));
    programs.push({
      program,
      settings: settings.flatMap(
        (setting) => collect(issues, () => settingInForce(setting, process.env, section)) ?? [],
      ),
    });
  }
  if (issues.length > 0) throw new CommandError(exits.usage, issues.join('\n'));
  if (path !== undefined && file !== undefined) warnOfOpenSecrets(path, file.isOpen, open);
  print(
    json,
    { schema: 'postern.config/v1', file: path ?? null, programs: programs.map(asJson) },
    programs
      .map(({ program, settings }) => `${program}\n${table(settings.map((each) => row(each, origin)))}`)
      .join('\n\n'),
  );
  if (path === undefined && !json) say('No file: give --config FILE, or set POSTERN_CONFIG.');
}

function chosenPrograms(
  which: ConfiguredProgram | undefined,
  file: ConfigFile | undefined,
): readonly ConfiguredProgram[] {
  if (which !== undefined) return [which];
  return file === undefined || file.programs.length === 0 ? configuredPrograms : file.programs;
}

async function commandOf({ load }: CommandTree, program: ConfiguredProgram): Promise<Command> {
  const root = new Command();
  await load(program, root);
  const command = root.commands.find((each) => each.name() === program);
  if (command === undefined) throw new Error(`there is no command ${program}`);
  return command;
}

/** What `read` returns; undefined, and its message among the issues, where a person has to mend something. */
function collect<T>(issues: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    issues.push(error.message);
    return undefined;
  }
}

function row({ name, value, secret, origin }: SettingInForce, withOrigin: boolean): string[] {
  const from = origin === undefined ? undefined : originText(origin);
  if (secret) return [`  ${name}`, from === undefined ? '-' : `(set, from ${from})`];
  const text = value === null ? '-' : String(value);
  return [`  ${name}`, text, ...(withOrigin ? [from ?? (value === null ? '' : 'default')] : [])];
}

function originText(origin: Origin): string {
  return 'variable' in origin ? origin.variable : placeText(origin.place);
}

function asJson({ program, settings }: { program: string; settings: readonly SettingInForce[] }): object {
  return {
    program,
    settings: settings.map(({ name, value, secret, origin }) => ({
      name,
      ...(secret ? { secret, set: origin !== undefined } : { value }),
      origin:
        origin === undefined
          ? secret || value === null
            ? null
            : { kind: 'default' }
          : 'variable' in origin
            ? { kind: 'variable', name: origin.variable }
            : { kind: 'file', ...origin.place },
    })),
  };
}
