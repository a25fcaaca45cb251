/** Countries by their codes (ISO 3166-1 alpha-2), as the browser calls them in the viewer's language. */
const names = new Intl.DisplayNames(undefined, { type: 'region', fallback: 'none' });
const letters = Array.from({ length: 26 }, (_, place) => String.fromCharCode(65 + place));
/** Regions that the browser has a name for and that are no country. */
const others = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ']);

export const countryCodes: readonly string[] = letters
  .flatMap((first) => letters.map((second) => first + second))
  // A code of former times is called like the one that took its place.
  .filter((code) => !others.has(code) && names.of(code) !== undefined && isOfToday(code));

function isOfToday(code: string): boolean {
  return Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
}

/** `Germany (DE)`; the code alone where it has no name. */
export function countryText(code: string): string {
  try {
    const name = names.of(code);
    return name === undefined ? code : `${name} (${code})`;
  } catch {
    return code;
  }
}
