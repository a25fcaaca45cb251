/** Roles that wait for somebody to take them, as the API speaks of them. */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { RequestDuration } from './requests.ts';
import { Role } from './roles.ts';

const Instant = Type.String({ description: 'an RFC 3339 instant in UTC' });
const closed = { additionalProperties: false } as const;

export const NewInvitation = Type.Object(
  {
    email: Type.String({ minLength: 3, maxLength: 254 }),
    role: Role,
    /** For how long the link is good: 1h to 30d; three days unless said. */
    for: Type.Optional(RequestDuration),
    /** Gives the link out instead of mailing it. */
    link: Type.Optional(Type.Literal(true)),
  },
  closed,
);

export const Invited = Type.Object({
  id: Type.String({ pattern: idPattern('inv') }),
  expires: Instant,
  /** Shown only now; absent where it was mailed. */
  link: Type.Optional(Type.String()),
});

export const Invitation = Type.Object({
  id: Type.String({ pattern: idPattern('inv') }),
  email: Type.String(),
  role: Role,
  created: Instant,
  createdBy: Type.String(),
  expires: Instant,
});
export const Invitations = Type.Object({ invitations: Type.Array(Invitation) });

export const InvitationLink = Type.Object({ link: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }, closed);
/** What whoever opens the link is shown. */
export const OpenInvitation = Type.Object({
  email: Type.String(),
  role: Role,
  expires: Instant,
  /** Whether it is for whoever is signed in. */
  yours: Type.Boolean(),
});

export type Invited = Static<typeof Invited>;
export type Invitations = Static<typeof Invitations>;
export type OpenInvitation = Static<typeof OpenInvitation>;
