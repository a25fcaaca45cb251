/** The code a person types to let a device in: eight consonants, so that no word appears and vowels cannot be misheard. */
import type { Random } from '../../protocol/clock.ts';

const consonants = 'BCDFGHJKLMNPQRSTVWXZ';
const length = 8;
const form = new RegExp(`^[${consonants}]{${length}}$`);

/** A new code, evenly drawn. */
export function newUserCode(random: Random): string {
  let code = '';
  while (code.length < length) {
    for (const byte of random(16)) {
      // 240 is the largest multiple of twenty in a byte: what lies above would favour some letters.
      if (byte < 240 && code.length < length) code += consonants[byte % consonants.length] ?? '';
    }
  }
  return code;
}

/** As people read it: `HXTR-MFST`. */
export function formatUserCode(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`;
}

/** The code in what a person typed, whatever the case and the separators; undefined when it cannot be one. */
export function parseUserCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, '');
  return form.test(code) ? code : undefined;
}
