/**
 * Options that a command needs and its subcommands do not. Commander asks for a required option of a command before each of its
 * subcommands as well, so `postern connector list` would want the folder that `postern connector` runs in.
 */
import type { Command } from 'commander';

/**
 * Makes `command` itself, and none of its subcommands, fail as commander does (exit code 2) where one of these options has no
 * value, and says so in its help.
 * @param names long names, with their dashes; each must be an option of `command`
 */
export function needsOptions(command: Command, names: readonly string[]): void {
  const needed = names.map((name) => {
    const option = command.options.find(({ long }) => long === name);
    if (option === undefined) throw new Error(`${command.name()} has no option ${name}`);
    option.description += ' (required)';
    return option;
  });
  command.hook('preAction', (_, acting) => {
    if (acting !== command) return;
    const missing = needed.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing !== undefined) command.error(`error: required option '${missing.flags}' not specified`);
  });
}
