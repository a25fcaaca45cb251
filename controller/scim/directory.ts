/** What one request of a directory works with: its records in one transaction, and what is to follow after the commit. */
import type { Id } from '../../protocol/ids.ts';
import type { DirectoryDocument } from '../../protocol/organisation-document.ts';
import type { ControllerContext } from '../context.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Told once the change is in the store. */
export interface Aftermath {
  /** Sessions that ended. */
  readonly sessions: Id<'ses'>[];
  /** People who were disabled or enabled: their passes count otherwise. */
  readonly disabled: Set<Id<'usr'>>;
  /** People whose groups changed. */
  readonly changed: Set<Id<'usr'>>;
}

export interface Directory {
  readonly context: ControllerContext;
  readonly tx: ScopedStore;
  readonly state: OrganisationState;
  /** The name of the provider, and its issuer: no person of another one is touched. */
  readonly name: string;
  readonly issuer: string;
  readonly settings: DirectoryDocument;
  readonly nowMs: number;
  readonly aftermath: Aftermath;
  /** What was thrown below SCIMMY, which would call it a resource that is not found. */
  readonly faults: unknown[];
}

/** A new id of a user or group of a directory: ours, and no id of anything else. */
export function newDirectoryId({ context }: Directory): string {
  return context.random(16).toString('hex');
}

/** In the audit log. */
export function whoOf({ name }: Directory): string {
  return `directory ${name}`;
}
