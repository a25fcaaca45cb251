/** What of an address's search parameters a page takes: texts, or nothing. */

type Search<K extends string> = { [key in K]?: string };

/** These parameters and no others. */
export function texts<K extends string>(...keys: K[]): (search: Record<string, unknown>) => Search<K> {
  return (search) => {
    const found: Search<K> = {};
    for (const key of keys) {
      const value = search[key];
      if (typeof value === 'string') found[key] = value;
    }
    return found;
  };
}

/** Lists take whatever they filter and sort by. */
export function listSearch(search: Record<string, unknown>): { [key in string]?: string } {
  return Object.fromEntries(
    Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
