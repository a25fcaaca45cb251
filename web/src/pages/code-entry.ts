/** What a person types as a device's code, made forgiving: any case, any separators, consonants only. */

const consonants = 'BCDFGHJKLMNPQRSTVWXZ';
const length = 8;

/** The letters that can belong to a code, at most eight; `dropped` when something else than a separator was left out. */
export function typedCode(text: string): { readonly code: string; readonly dropped: boolean } {
  const typed = Array.from(text.toUpperCase()).filter((letter) => !/[\s\p{Pd}._]/u.test(letter));
  const kept = typed.filter((letter) => consonants.includes(letter));
  return { code: kept.slice(0, length).join(''), dropped: kept.length < typed.length };
}

/** As it is read aloud: `HXTR-MFST`. */
export function formatCode(code: string): string {
  return code.length > 4 ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
}
