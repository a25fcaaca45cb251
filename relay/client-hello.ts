/**
 * The name a TLS client asks for, read from the first bytes of its connection (RFC 8446 §4.1.2, RFC 6066 §3). Bytes in,
 * verdict out: no socket, no time. Nothing else of the hello is looked at; of an encrypted hello only the outer name is
 * seen, which is the one meant for whoever passes the connection on.
 */
import { parseName, type Name } from '../protocol/names.ts';

export type HelloVerdict =
  /** Nothing can be said before there are `needed` bytes in all. */
  | { readonly state: 'partial'; readonly needed: number }
  | { readonly state: 'named'; readonly name: Name }
  /** A hello without a name, or with one that is no DNS name. */
  | { readonly state: 'unnamed' }
  /** No TLS hello, one that breaks the rules, or one that is too long. */
  | { readonly state: 'invalid' };

/** A hello with its record headers may take this many bytes. */
export const maxHelloBytes = 16_384;

const recordHeaderBytes = 5;
const handshakeHeaderBytes = 4;
const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const hostName = 0;
const randomBytes = 32;

const invalid: HelloVerdict = { state: 'invalid' };
const unnamed: HelloVerdict = { state: 'unnamed' };

/** Judges the first bytes of a connection; never throws. `bytes` is only read. */
export function readClientHello(bytes: Uint8Array): HelloVerdict {
  const message: Uint8Array[] = [];
  let gathered = 0;
  let length: number | undefined;
  let offset = 0;
  while (length === undefined || gathered < length) {
    if (bytes.length > offset && bytes[offset] !== handshakeRecord) return invalid;
    if (bytes.length > offset + 1 && bytes[offset + 1] !== 3) return invalid;
    if (bytes.length < offset + recordHeaderBytes) return wait(offset + recordHeaderBytes);
    const recordBytes = u16(bytes, offset + 3);
    const end = offset + recordHeaderBytes + recordBytes;
    if (recordBytes === 0 || end > maxHelloBytes) return invalid;
    const fragment = bytes.subarray(offset + recordHeaderBytes, end);
    // The message tells its length in its first four bytes, which may be all that has come of its record.
    if (length === undefined && gathered + fragment.length >= handshakeHeaderBytes) {
      const header = Buffer.concat([...message, fragment], handshakeHeaderBytes);
      if (header[0] !== clientHello) return invalid;
      length = handshakeHeaderBytes + header.readUIntBE(1, 3);
      if (length > maxHelloBytes) return invalid;
    }
    if (fragment.length < recordBytes) return wait(end);
    message.push(fragment);
    gathered += recordBytes;
    offset = end;
  }
  return nameOf(Buffer.concat(message, length).subarray(handshakeHeaderBytes));
}

function wait(needed: number): HelloVerdict {
  return needed > maxHelloBytes ? invalid : { state: 'partial', needed };
}

/** @param hello the body of the ClientHello message, whole */
function nameOf(hello: Buffer): HelloVerdict {
  const fields = new Fields(hello);
  fields.skip(2 + randomBytes);
  const sessionId = fields.vector(1);
  const suites = fields.vector(2);
  const compression = fields.vector(1);
  if (sessionId === undefined || suites === undefined || compression === undefined) return invalid;
  if (sessionId.length > 32 || suites.length < 2 || suites.length % 2 !== 0 || compression.length === 0)
    return invalid;
  if (fields.isAtEnd) return unnamed;
  const extensions = fields.vector(2);
  if (extensions === undefined || !fields.isAtEnd) return invalid;
  return nameIn(new Fields(extensions));
}

function nameIn(extensions: Fields): HelloVerdict {
  let found: Buffer | undefined;
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const value = extensions.vector(2);
    if (type === undefined || value === undefined) return invalid;
    if (type !== serverNameExtension) continue;
    if (found !== undefined) return invalid;
    found = value;
  }
  return found === undefined ? unnamed : nameInList(found);
}

/** The one host name of a server_name extension; a list of several, or of none, says nothing that could be followed. */
function nameInList(value: Buffer): HelloVerdict {
  const outer = new Fields(value);
  const list = outer.vector(2);
  if (list === undefined || !outer.isAtEnd) return invalid;
  const entry = new Fields(list);
  const type = entry.number(1);
  const text = entry.vector(2);
  if (type !== hostName || text === undefined || !entry.isAtEnd) return invalid;
  const spelled = text.toString('latin1');
  // Without its last dot (RFC 6066); in A-labels, so `parseName` has nothing to convert.
  const isPlain = !spelled.endsWith('.') && text.every((byte) => byte > 0x20 && byte < 0x7f);
  const name = isPlain ? parseName(spelled) : undefined;
  return name === undefined ? unnamed : { state: 'named', name };
}

function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** Reads one field after the other; undefined, and at its end for good, once one does not fit. */
class Fields {
  readonly #bytes: Buffer;
  #offset = 0;
  #broken = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether exactly all of it has been read. */
  get isAtEnd(): boolean {
    return !this.#broken && this.#offset === this.#bytes.length;
  }

  skip(length: number): void {
    this.#take(length);
  }

  number(size: number): number | undefined {
    return this.#take(size)?.readUIntBE(0, size);
  }

  /** Bytes behind a length of `size` bytes. */
  vector(size: number): Buffer | undefined {
    const length = this.number(size);
    return length === undefined ? undefined : this.#take(length);
  }

  #take(length: number): Buffer | undefined {
    const end = this.#offset + length;
    if (this.#broken || end > this.#bytes.length) {
      this.#broken = true;
      return undefined;
    }
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}
