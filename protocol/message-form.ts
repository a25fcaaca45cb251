/** What messages of the control channel have alike, whatever they are about. */
import { Type } from 'typebox';

/** A message may have a number, and say which one it answers. */
export const numbered = { id: Type.Optional(Type.Integer()), re: Type.Optional(Type.Integer()) };

/** Names a question, and stands in the answer again. */
export const question = Type.String({
  pattern: '^[A-Za-z0-9_-]{22}$',
  description: '16 random bytes, base64url',
});
