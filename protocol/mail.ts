/** What the API says of mail: where it goes out, what became of it, and how a test went. */
import { Type, type Static } from 'typebox';

export const MailStatus = Type.Object({
  /** Absent where no SMTP server is named: then nothing is sent. */
  server: Type.Optional(Type.String()),
  from: Type.Optional(Type.String()),
  /** When the server last took a mail. */
  sent: Type.Optional(Type.String({ description: 'an RFC 3339 instant in UTC' })),
  /** What was wrong with the last one, when it was not taken. */
  fault: Type.Optional(Type.String()),
  /** What has not been sent yet. */
  waiting: Type.Integer(),
});
export const MailTest = Type.Object(
  { to: Type.String({ minLength: 3, maxLength: 254 }) },
  { additionalProperties: false },
);
export const MailTested = Type.Object({
  ok: Type.Boolean(),
  ms: Type.Integer(),
  fault: Type.Optional(Type.String()),
});

export type MailStatus = Static<typeof MailStatus>;
export type MailTested = Static<typeof MailTested>;
