/**
 * The frames of WIRE A8: `u32 stream | u8 type | u24 length | payload`. Numbers of the protocol and the writing and
 * reading of headers; what frames mean is the mux's.
 */
export const frameHeaderBytes = 8;

export const frameTypes = {
  open: 0,
  accept: 1,
  data: 2,
  credit: 3,
  fin: 4,
  reset: 5,
  ping: 6,
  pong: 7,
  goaway: 8,
  datagram: 9,
  grant: 10,
  note: 11,
} as const;

export const maxOpenBytes = 1_024;
export const maxDataBytes = 65_000;
export const maxGrantBytes = 16_384;
export const maxNoteBytes = 1_024;
/** PING and PONG carry this many bytes back and forth. */
export const pingBytes = 8;

/** Streams a session may have at once, and how many of them may wait for ACCEPT. */
export const maxStreams = 2_048;
export const maxPending = 256;

/** The most frame bytes of one record on the hop: one full DATA. Few large records cost less than many small ones. */
export const hopRecordBytes = frameHeaderBytes + maxDataBytes;

/** Writes a header at `offset`; the caller has made sure of the room. */
export function writeFrameHeader(
  buffer: Buffer,
  offset: number,
  stream: number,
  type: number,
  length: number,
): void {
  buffer[offset] = stream >>> 24;
  buffer[offset + 1] = stream >>> 16;
  buffer[offset + 2] = stream >>> 8;
  buffer[offset + 3] = stream;
  buffer[offset + 4] = type;
  buffer[offset + 5] = length >>> 16;
  buffer[offset + 6] = length >>> 8;
  buffer[offset + 7] = length;
}

/** The frames without those of one type: the same memory when there is none of it, else a copy. Whole frames only. */
export function withoutFrames(frames: Buffer, type: number): Buffer {
  const kept: Buffer[] = [];
  let keptFrom = 0;
  for (let at = 0; at < frames.length;) {
    const next = at + frameHeaderBytes + frames.readUIntBE(at + 5, 3);
    if (frames[at + 4] === type) {
      kept.push(frames.subarray(keptFrom, at));
      keptFrom = next;
    }
    at = next;
  }
  return keptFrom === 0 ? frames : Buffer.concat([...kept, frames.subarray(keptFrom)]);
}
