/** Reads public test vectors from the folder that POSTERN_VECTORS names; fails clearly when it is not set. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parsed JSON of one vector file. The caller knows its schema. */
export function readVectors(...path: string[]): unknown {
  const folder = process.env['POSTERN_VECTORS'];
  if (folder === undefined || folder === '') {
    throw new Error('POSTERN_VECTORS is not set: point it at the folder of public test vectors');
  }
  return JSON.parse(readFileSync(join(folder, ...path), 'utf8'));
}

/** A Wycheproof file: groups of tests with a result each. */
export interface Wycheproof<Group, Case> {
  readonly numberOfTests: number;
  readonly testGroups: readonly (Group & {
    readonly tests: readonly (Case & {
      readonly tcId: number;
      readonly comment: string;
      readonly flags: readonly string[];
      readonly result: 'valid' | 'invalid' | 'acceptable';
    })[];
  })[];
}

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
