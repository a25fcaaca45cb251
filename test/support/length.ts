/** Tests that repeat something are short in `npm test` and at full length in `npm run soak`, which sets the variable. */
export const soakVariable = 'POSTERN_SOAK';

/** Whether this run is at full length, and the machine its own. */
export const isSoak = process.env[soakVariable] !== undefined;

/** How often this run repeats it. */
export function times(short: number, full: number): number {
  return isSoak ? full : short;
}
