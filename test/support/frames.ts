/** Frames written and read the slow, obvious way, for hostile peers and for looking at what was sent. */
export interface Frame {
  readonly stream: number;
  readonly type: number;
  readonly payload: Buffer;
}

/** @param length announced instead of the payload's own */
export function frame(
  stream: number,
  type: number,
  payload: Uint8Array = Buffer.alloc(0),
  length?: number,
): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(stream);
  header[4] = type;
  header.writeUIntBE(length ?? payload.length, 5, 3);
  return Buffer.concat([header, payload]);
}

export function framesOf(record: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let offset = 0; offset < record.length;) {
    const length = record.readUIntBE(offset + 5, 3);
    frames.push({
      stream: record.readUInt32BE(offset),
      type: record[offset + 4]!,
      payload: record.subarray(offset + 8, offset + 8 + length),
    });
    offset += 8 + length;
  }
  return frames;
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
