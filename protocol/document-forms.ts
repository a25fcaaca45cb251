/** Forms that every part of `postern.yaml` is written in: names, lists of names, durations. */
import { Type } from 'typebox';

export const closed = { additionalProperties: false } as const;
/** Names of things in a file: what people type and read. */
export const ShortName = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' });
export const Duration = Type.String({
  pattern: '^[0-9]{1,6}[smhd]$',
  description: 'a duration such as 90s, 15m, 12h, 7d',
});
export const Names = Type.Array(ShortName, { minItems: 1 });
