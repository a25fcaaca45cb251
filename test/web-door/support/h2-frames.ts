/** HTTP/2 written by hand, past what any library would send: frames (RFC 9113 §4.1) and heads without compression (RFC 7541 §6.2). */

export const frames = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  continuation: 9,
} as const;
export const flags = { endStream: 1, endHeaders: 4 } as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header of the static table by its place, its value as it is; up to 126 bytes. */
export function indexed(place: readonly number[], value: string): Buffer {
  const text = Buffer.from(value, 'latin1');
  return Buffer.concat([Buffer.from([...place, text.length]), text]);
}

/** A header under any name, and with any value, of up to 126 bytes each. */
export function field(name: string, value: string): Buffer {
  const text = Buffer.from(name, 'latin1');
  return Buffer.concat([Buffer.from([0, text.length]), text, indexed([], value)]);
}

/** The frames in what came, with their types and streams; what is not whole is left out. */
export function framesIn(bytes: Buffer): { readonly type: number; readonly stream: number }[] {
  const found: { type: number; stream: number }[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3);
    if (at + 9 + length > bytes.length) break;
    found.push({ type: bytes[at + 3] ?? 0, stream: bytes.readUInt32BE(at + 5) });
    at += 9 + length;
  }
  return found;
}
