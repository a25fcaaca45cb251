/** Names that an organisation has to prove before they work, as administrators see them. */
import { Type, type Static } from 'typebox';

export const NameProof = Type.Object({
  name: Type.String(),
  state: Type.Union([Type.Literal('owned'), Type.Literal('waiting')]),
  /** The record that proves it; absent where DNS can prove nothing and the first organisation to use it has it. */
  record: Type.Optional(
    Type.Object({ name: Type.String(), type: Type.Literal('TXT'), value: Type.String() }),
  ),
  /** When DNS was asked last. */
  looked: Type.Optional(Type.String()),
  /** Since when the record of an owned name is missing. */
  missing: Type.Optional(Type.String()),
});

export type NameProof = Static<typeof NameProof>;
