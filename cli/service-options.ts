/** Options of a program as somebody gives them to `postern service install`: checked by the program's own command, and made fit for a unit. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommanderError, type Command, type Option } from 'commander';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';
import type { GivenOption } from './service-unit.ts';
import { settingsOf } from './settings.ts';

export interface ServiceOptions {
  readonly options: readonly GivenOption[];
  /** Files with secrets, by the flag that takes them: absolute paths. */
  readonly credentials: ReadonlyMap<string, string>;
}

/** Beside secrets, what only root may read as a rule. */
const certificates = new Set(['--tls-cert', '--tls-key']);

/**
 * Throws a CommandError for what the program does not take, for a secret itself, and for a file that is not there.
 * @param command the program's own
 */
export function serviceOptions(command: Command, words: readonly string[]): ServiceOptions {
  check(command, words);
  const secrets = new Set(
    settingsOf(command)
      .filter(({ isSecret }) => isSecret)
      .flatMap(({ ways }) => ways.flatMap(({ option }) => option?.long ?? [])),
  );
  const options: GivenOption[] = [];
  const credentials = new Map<string, string>();
  for (const { option, value } of given(command, words)) {
    const flag = option.long ?? '';
    const isFile = flag.endsWith('-file') || certificates.has(flag);
    if (secrets.has(flag) && !isFile)
      throw new CommandError(
        exits.usage,
        `${flag} would stand in the unit, where everybody on this machine could read it; write it to a file and give ${flag}-file`,
      );
    if (value !== undefined && URL.canParse(value) && new URL(value).password !== '')
      throw new CommandError(
        exits.usage,
        `the address of ${flag} has a password in it, which everybody on this machine could read in the unit; give the password by file (see postern ${command.name()} --help)`,
      );
    if (value !== undefined && (secrets.has(flag) || certificates.has(flag))) {
      const file = resolve(value);
      if (value === '-' || !existsSync(file))
        throw new CommandError(exits.usage, `${flag} needs a file that is there, and ${value} is none`);
      credentials.set(flag, file);
    } else {
      const isPath = value !== undefined && /<(?:file|folder)>/.test(option.flags);
      options.push({ flag, ...(value === undefined ? {} : { value: isPath ? resolve(value) : value }) });
    }
  }
  return { options, credentials };
}

/** As a start would check them, without starting. */
function check(command: Command, words: readonly string[]): void {
  const own = command.exitOverride().configureOutput({ writeErr: () => undefined });
  try {
    const { operands, unknown } = own.parseOptions([...words]);
    const [wrong] = [...operands, ...unknown];
    if (wrong !== undefined)
      throw new CommandError(
        exits.usage,
        `postern ${command.name()} takes no ${wrong}; see: postern ${command.name()} --help`,
      );
  } catch (error) {
    if (error instanceof CommanderError)
      throw new CommandError(exits.usage, error.message.replace(/^error: /, ''));
    throw error;
  }
}

/** What stands there, once it is known to be right. */
function* given(command: Command, words: readonly string[]): Generator<{ option: Option; value?: string }> {
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [, name = word, joined] = /^(--[^=]+)=([\s\S]*)$/.exec(word) ?? [];
    const option = command.options.find(({ long, short }) => long === name || short === name);
    if (option === undefined) continue;
    const value = option.required ? (joined ?? left.shift()) : joined;
    yield { option, ...(value === undefined ? {} : { value }) };
  }
}
