/** Tables of directories, which tell of people and groups (SCIM). */
import type { Id, OrganisationId } from '../../../protocol/ids.ts';

/** The directory of an identity provider, by its name: whether it may go on taking away. */
export interface DirectoriesTable {
  organisation: OrganisationId;
  name: string;
  heard_ms: number | null;
  /** Since when it is stopped, having taken away too much at once; null while it is not. */
  halted_ms: number | null;
  /** Until when an administrator lets it take away whatever it likes. */
  allowed_until_ms: number | null;
}

export interface DirectoryTokensTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  directory: string;
  hash: string;
  created_ms: number;
  created_by: string;
  expires_ms: number | null;
  used_ms: number | null;
}

/** Somebody whom a directory tells of. The id is ours and is nobody else's; what the directory calls them is its own. */
export interface DirectoryUsersTable {
  organisation: OrganisationId;
  id: string;
  directory: string;
  /** The user name in lower case, unique in a directory. */
  user_key: string;
  external_id: string | null;
  /** 1 or 0. */
  active: number;
  /** JSON of the SCIM attributes that are kept. */
  attributes: string;
  /** Whom this is, once they have signed in. */
  person: Id<'usr'> | null;
  created_ms: number;
  changed_ms: number;
}

export interface DirectoryGroupsTable {
  organisation: OrganisationId;
  id: string;
  directory: string;
  name: string;
  external_id: string | null;
  created_ms: number;
  changed_ms: number;
}

export interface DirectoryMembersTable {
  organisation: OrganisationId;
  directory_group: string;
  directory_user: string;
}

/** Who lost something by a directory lately. */
export interface DirectoryLossesTable {
  organisation: OrganisationId;
  directory: string;
  directory_user: string;
  at_ms: number;
}
