/**
 * Ids of everything that has one: an opaque kind prefix and 16 random bytes in lower-case Crockford base32 (WIRE A1).
 * The relay sees ids and nothing else.
 */
const kinds = [
  'org',
  'net',
  'con',
  'rly',
  'dev',
  'usr',
  'grp',
  'svc',
  'res',
  'pol',
  'req',
  'ses',
  'tok',
  'flw',
  'chg',
  'inv',
] as const;

export type IdKind = (typeof kinds)[number];
/** An id of kind `K`; made only by `newId` and `parseId`. */
export type Id<K extends IdKind = IdKind> = `${K}_${string}` & { readonly __id: K };

export type OrganisationId = Id<'org'>;
export type NetworkId = Id<'net'>;
export type ConnectorId = Id<'con'>;
export type RelayId = Id<'rly'>;
export type DeviceId = Id<'dev'>;
export type UserId = Id<'usr'>;
export type ServiceAccountId = Id<'svc'>;
export type ResourceId = Id<'res'>;
/** A device, connector or relay: whatever holds a machine key and a node key. */
export type NodeId = DeviceId | ConnectorId | RelayId;

/** Crockford's base32 in lower case: no i, l, o, u. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const encodedLength = 26;
const pattern = new RegExp(`^(${kinds.join('|')})_[0-9a-hjkmnp-tv-z]{${encodedLength}}$`);

/** The pattern of any id, or of one kind, as schemas want it. */
export function idPattern(kind?: IdKind): string {
  return `^${kind ?? `(${kinds.join('|')})`}_[0-9a-hjkmnp-tv-z]{${encodedLength}}$`;
}

/** Makes an id from 16 random bytes, which the caller draws. Throws a plain Error on any other length. */
export function newId<K extends IdKind>(kind: K, random: Uint8Array): Id<K> {
  if (random.length !== 16) throw new Error('an id takes exactly 16 random bytes');
  return `${kind}_${encode(random)}` as Id<K>;
}

/** The id in `text` when it is one of `kind`; undefined for anything else. */
export function parseId<K extends IdKind>(kind: K, text: unknown): Id<K> | undefined {
  return typeof text === 'string' && pattern.test(text) && text.startsWith(`${kind}_`)
    ? (text as Id<K>)
    : undefined;
}

/** The kind of an id; undefined when `text` is no id. */
export function idKind(text: string): IdKind | undefined {
  return pattern.test(text) ? (text.slice(0, 3) as IdKind) : undefined;
}

function encode(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >>> bits) & 31] ?? '';
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + (alphabet[(held << (5 - bits)) & 31] ?? '') : text;
}
