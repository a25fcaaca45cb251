/** Device passes and service tokens as people and administrators see them: names, lives, and the secret that is shown once. */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';

/** What it is for, in a person's own words. */
export const PassName = Type.String({ minLength: 1, maxLength: 63, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });

/** A new pass: `id` goes into `Postern-Client-Id` or the user name, `secret` into the header beside it or the password. */
export const MadePass = Type.Object({
  id: Type.String({ pattern: idPattern('tok') }),
  secret: Type.String(),
});

/** A pass without its secret, as administrators see it. */
export const PassEntry = Type.Object({
  id: Type.String({ pattern: idPattern('tok') }),
  kind: Type.Union([Type.Literal('service'), Type.Literal('device')]),
  name: Type.String(),
  /** The service account, or the person. */
  subject: Type.String(),
  subjectName: Type.String(),
  resource: Type.String(),
  created: Type.String(),
  createdBy: Type.String(),
  /** Null for one without an end. */
  expires: Type.Union([Type.String(), Type.Null()]),
});

/** The device passes of the signed-in person, and for which resources they may make one. */
export const MyPasses = Type.Object({
  passes: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      resource: Type.String(),
      created: Type.String(),
      expires: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
  resources: Type.Array(Type.String()),
});

export type MadePass = Static<typeof MadePass>;
export type PassEntry = Static<typeof PassEntry>;
export type MyPasses = Static<typeof MyPasses>;

/** When a pass of this life ends; nothing for one that has no end. */
export function passLifeOf(lifeMs: number | undefined, nowMs: number): { expiresMs?: number } {
  return lifeMs === undefined ? {} : { expiresMs: nowMs + lifeMs };
}
