/**
 * What a program can be told, apart from how it is told: each option is a setting, and the two options of a secret (`--key`,
 * `--key-file`) are one together. The names of variables and of keys in a file of options come from here.
 */
import type { Command, Option } from 'commander';
import { secretNames } from './secret.ts';

export interface Setting {
  /** As in a file of options: `publicUrl`; of a secret, the name without `File`. */
  readonly name: string;
  readonly isSecret: boolean;
  /** How it can be told; of several variables the first counts. */
  readonly ways: readonly Way[];
}

export interface Way {
  readonly variable: string;
  /** Undefined where there is only a variable, such as POSTERN_SMTP_PASSWORD. */
  readonly option: Option | undefined;
}

/** The settings of a command, in the order of its help. */
export function settingsOf(command: Command): Setting[] {
  const settings = new Map<string, Setting>();
  for (const option of command.options) {
    const long = option.name().replace(/^no-/, '');
    if (long === 'config') continue;
    const secret = secretNames.find((name) => long === name || long === `${name}-file`);
    const setting =
      secret === undefined
        ? { name: option.attributeName(), isSecret: false, ways: [{ variable: variableOf(long), option }] }
        : secretSetting(command, secret);
    settings.set(setting.name, setting);
  }
  return [...settings.values()];
}

function secretSetting(command: Command, secret: string): Setting {
  const ways = [secret, `${secret}-file`].map((name) => ({
    variable: variableOf(name),
    option: command.options.find(({ long }) => long === `--${name}`),
  }));
  const name = secret.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { name, isSecret: true, ways };
}

/** `POSTERN_PUBLIC_URL` of `public-url`. */
function variableOf(name: string): string {
  return `POSTERN_${name.toUpperCase().replaceAll('-', '_')}`;
}
