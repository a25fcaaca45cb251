/** Directories of identity providers as administrators see them. */
import { Type, type Static } from 'typebox';

export const DirectoryEntry = Type.Object({
  /** The provider's. */
  name: Type.String(),
  /** Where it comes in. */
  url: Type.String(),
  heard: Type.Optional(Type.String()),
  /** Since when it takes nothing more away, because it would have been too much at once. */
  stopped: Type.Optional(Type.String()),
  /** Until when an administrator lets it. */
  allowedUntil: Type.Optional(Type.String()),
  users: Type.Integer(),
  active: Type.Integer(),
  /** Those who are people here. */
  joined: Type.Integer(),
  groups: Type.Integer(),
  tokens: Type.Array(
    Type.Object({
      id: Type.String(),
      created: Type.String(),
      createdBy: Type.String(),
      expires: Type.Optional(Type.String()),
      lastUsed: Type.Optional(Type.String()),
    }),
  ),
});
export type DirectoryEntry = Static<typeof DirectoryEntry>;
