/** Versions as systems, distributions and programs write them, compared number by number. */

/** Compares number by number: `6.1.0-13-amd64` is at least 6.1. Undefined when `version` begins with no number. */
export function isAtLeast(version: string, minimum: readonly number[]): boolean | undefined {
  if (!isDigit(version, 0)) return undefined;
  let place = 0;
  for (const wanted of minimum) {
    let actual = 0;
    for (; isDigit(version, place); place += 1) actual = actual * 10 + (version.charCodeAt(place) - 48);
    if (actual !== wanted) return actual > wanted;
    // What does not go on with a dot and a number has only noughts from here.
    place = version[place] === '.' && isDigit(version, place + 1) ? place + 1 : version.length;
  }
  return true;
}

/** The numbers of a version in a document. */
export function versionNumbers(text: string): readonly number[] {
  return text.split('.').map(Number);
}

function isDigit(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 48 && code <= 57;
}
