/** Tests that repeat something are short in `npm test` and at full length in `npm run soak`, which sets the variable. */
export const soakVariable = 'POSTERN_SOAK';

/** How often this run repeats it. */
export function times(short: number, full: number): number {
  return process.env[soakVariable] === undefined ? short : full;
}
