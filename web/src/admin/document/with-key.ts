/** An entry of the document with one key set, or without it where the value says nothing. */
export function withKey<T extends object, K extends keyof T>(entry: T, key: K, value: T[K] | ''): T {
  const { [key]: _, ...rest } = entry;
  const empty =
    value === undefined ||
    value === '' ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return (empty ? rest : { ...entry, [key]: value }) as T;
}
