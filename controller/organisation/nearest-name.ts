/** Which name was probably meant by one that nobody knows. For messages about documents, requests and files of options. */

/** The first of `known` that is one or two letters away from `given`, whatever their case; undefined where none is. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  return known.find((name) => distance(given.toLowerCase(), name.toLowerCase()) <= 2);
}

/** How many letters have to be put in, left out or exchanged (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const substituted = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
