/** `--from REVISION`: the document is changed only while that revision is in force, so that nobody's change is lost. */
import { InvalidArgumentError, type Command } from 'commander';

export interface FromOption {
  from?: number;
}

export function withFromOption(command: Command): Command {
  return command.option(
    '--from <revision>',
    'only while this revision is in force; nothing is changed when another is',
    parseRevision,
  );
}

/** A number of a revision as it is typed. Throws commander's error with the remedy. */
export function parseRevision(text: string): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(text))
    throw new InvalidArgumentError('give the number of a revision; postern policy history lists them.');
  return Number(text);
}

/** The header that says so (RFC 9110, 13.1.1). */
export function ifMatch({ from }: FromOption): Record<string, string> {
  return from === undefined ? {} : { 'if-match': `"${from}"` };
}
