/**
 * `--config`, and a variable for every option: makes a command take what it is not told by flags from its surroundings. A flag
 * counts before a variable, a variable before the file, the file before what an option is by itself.
 */
import { Option, type Command } from 'commander';
import type { ConfiguredProgram, Entry } from './config-file.ts';
import { givenSetting, valueOf } from './given-setting.ts';
import { say } from './output.ts';
import { settingsOf, type Setting } from './settings.ts';

const nothing: ReadonlyMap<string, Entry> = new Map();

/**
 * Adds it to a command that runs for long, after its other options and before anything that asks whether one of them was given
 * (`needsOptions`); its subcommands are left alone.
 */
export function configurable(
  command: Command,
  program: ConfiguredProgram,
  env: NodeJS.ProcessEnv = process.env,
): Command {
  command.addOption(new Option('--config <file>', 'options from a file, YAML or JSON (or POSTERN_CONFIG)'));
  // Commander takes any variable that is there for a given flag, "false" and "" too, and before a file could be asked.
  for (const option of command.options) delete option.envVar;
  command.addHelpText('after', helpText);
  return command.hook('preAction', async (_, acting) => {
    if (acting !== command) return;
    const settings = settingsOf(command);
    const section = await sectionFor(
      configFileOf(command.opts<{ config?: string }>().config, env),
      program,
      settings,
    );
    for (const setting of settings) {
      if (setting.ways.some(({ option }) => isFlag(command, option))) continue;
      const given = givenSetting(setting, env, section);
      if (given?.option === undefined) continue;
      const isVariable = 'variable' in given.origin;
      // Variables of secrets are read where the secret is used, and what they hold goes nowhere else.
      if (setting.isSecret && isVariable) continue;
      const value = valueOf(given.option, given);
      command.setOptionValueWithSource(given.option.attributeName(), value, isVariable ? 'env' : 'config');
    }
  });
}

/** The file that is meant; undefined without one. */
export function configFileOf(flag: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const variable = env['POSTERN_CONFIG'] ?? '';
  return flag ?? (variable === '' ? undefined : variable);
}

/** Names of secrets that stand in the section itself rather than in a file that it names. */
export function secretsIn(section: ReadonlyMap<string, Entry>, settings: readonly Setting[]): string[] {
  return settings.filter(({ name, isSecret }) => isSecret && section.has(name)).map(({ name }) => name);
}

async function sectionFor(
  file: string | undefined,
  program: ConfiguredProgram,
  settings: readonly Setting[],
): Promise<ReadonlyMap<string, Entry>> {
  if (file === undefined) return nothing;
  const { readConfigFile } = await import('./config-file.ts');
  const config = readConfigFile(file);
  const section = config.section(program, settings);
  warnOfOpenSecrets(file, config.isOpen, secretsIn(section, settings));
  return section;
}

/** Says so where everybody on this machine may read secrets that stand in the file. */
export function warnOfOpenSecrets(file: string, isOpen: boolean, secrets: readonly string[]): void {
  if (!isOpen || secrets.length === 0) return;
  say(
    `! ${file} holds a secret (${secrets.join(', ')}), and everybody on this machine may read it. Run: chmod 600 ${file}`,
  );
}

function isFlag(command: Command, option: Option | undefined): boolean {
  return option !== undefined && command.getOptionValueSource(option.attributeName()) === 'cli';
}

const helpText = `
Each option may also be given as a variable (POSTERN_ and its name: --public-url is POSTERN_PUBLIC_URL) or in the file of --config
(publicUrl). A flag counts before a variable, and a variable before the file. What is in force: postern config show.`;
