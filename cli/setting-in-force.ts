/** What a setting is where no flag says otherwise, as it may be shown: whoever sees it learns no secret. */
import type { Option } from 'commander';
import type { Entry } from './config-file.ts';
import { givenSetting, isRepeated, valueOf, type Given, type Origin } from './given-setting.ts';
import type { Setting } from './settings.ts';

export interface SettingInForce {
  readonly name: string;
  readonly secret: boolean;
  /** Null where nothing is set, and for every secret. */
  readonly value: string | boolean | readonly string[] | null;
  /** Undefined for what an option is by itself, and for what is not set. */
  readonly origin: Origin | undefined;
}

/** Throws a CommandError for a value that its option does not take. */
export function settingInForce(
  setting: Setting,
  env: NodeJS.ProcessEnv,
  section: ReadonlyMap<string, Entry>,
): SettingInForce {
  const { name, isSecret: secret } = setting;
  const given = givenSetting(setting, env, section);
  const option = setting.ways[0]?.option;
  const value = given === undefined || option === undefined ? defaultOf(option) : shownValue(option, given);
  return { name, secret, value: secret ? null : value, origin: given?.origin };
}

function shownValue(option: Option, given: Given): SettingInForce['value'] {
  const value = valueOf(option, given);
  if (typeof value === 'boolean') return value;
  const texts = given.texts.map(withoutPassword);
  return isRepeated(option) ? texts : texts.join(',');
}

/** A default is a text, yes or no, or a list that has to be filled. */
function defaultOf(option: Option | undefined): SettingInForce['value'] {
  const value: unknown = option?.defaultValue;
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** An address as it is, but for a password in it. */
function withoutPassword(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.password === '') return text;
  url.password = '***';
  return url.href;
}
