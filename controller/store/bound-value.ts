/**
 * What may be bound to a query: strings, finite numbers, big integers, bytes, NULL. A driver would quietly make something
 * else of a Date, a boolean or an object, and each a different thing.
 */
export type BoundValue = string | number | bigint | null | Uint8Array;

/** The value itself. Throws a TypeError when it is none that both databases keep as it is. */
export function boundValue(value: unknown): BoundValue {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
  } else if (value instanceof Uint8Array) return value;
  throw new TypeError(`a ${typeof value} cannot be bound to a query`);
}
