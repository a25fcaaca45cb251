/** Which action a change of the document takes: networks and what lies in them, who may use it, or who can come in at all. */
import type { DocumentChange } from '../../protocol/document-revisions.ts';
import type { Action } from '../../protocol/roles.ts';
import type { EntryKind } from './document-changes.ts';

const actionOfKind: Readonly<Record<EntryKind, Action>> = {
  zone: 'document.write-network',
  network: 'document.write-network',
  resource: 'document.write-network',
  group: 'document.write-access',
  'service account': 'document.write-access',
  'posture profile': 'document.write-access',
  'posture source': 'document.write-access',
  'request rule': 'document.write-access',
  webhook: 'document.write-access',
  'serial number': 'document.write-access',
  policy: 'document.write-access',
  test: 'document.write-access',
  setting: 'document.write-sign-in',
  'identity provider': 'document.write-sign-in',
};

/** Each action that the changes take, with a sentence for whoever has it not. */
export function documentParts(changes: readonly DocumentChange[]): { action: Action; sentence: string }[] {
  const parts = new Map<Action, string>();
  for (const { kind, name } of changes) {
    const action = actionOfKind[kind as EntryKind];
    if (!parts.has(action))
      parts.set(
        action,
        `The document changes the ${kind} "${name}", which your role does not cover. Nothing was changed.`,
      );
  }
  return [...parts].map(([action, sentence]) => ({ action, sentence }));
}
