/**
 * What a form of the document was begun with. The document in force goes on changing while somebody writes: what others
 * change elsewhere goes along, and where they changed the very part that the form writes it has to be begun anew, since
 * saving it would undo their change.
 */
import { useState, type ReactNode } from 'react';
import type { DocumentInForce } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { ShownDocument } from './shown-document.ts';

export interface Begun {
  /** What a proposal of the form is made from, and the revision it is saved over. */
  readonly base: DocumentInForce;
  /** Whether somebody else has changed the part meanwhile. */
  readonly isOld: boolean;
  /** Takes what was saved by the form itself for what it is begun with. */
  readonly saved: (saved: DocumentInForce | undefined) => void;
  /** What to put into the form where it is old; `onAnew` is given what there is now, to fill the form with. */
  readonly notice: (onAnew: (now: ShownDocument) => void) => ReactNode;
}

/**
 * @param live the document in force, as it was last heard of
 * @param part what the form writes, of a document; compared as JSON
 */
export function useBegun(live: DocumentInForce, part: (document: ShownDocument) => unknown): Begun {
  const [held, setHeld] = useState(live);
  // The same revision as the controller writes it: keys in its order, no secrets.
  if (live.revision === held.revision && live !== held) setHeld(live);
  const isNewer = live.revision > held.revision;
  const isOld = isNewer && JSON.stringify(part(live.document)) !== JSON.stringify(part(held.document));
  return {
    base: isNewer && !isOld ? live : held,
    isOld,
    saved: (saved) => {
      if (saved !== undefined) setHeld(saved);
    },
    notice: (onAnew) =>
      isOld ? (
        <Notice tone="wait" title="Somebody else has changed this meanwhile" live>
          <p className="mb-3">
            You began with revision {held.revision}; saving this would undo what came with revision{' '}
            {live.revision}. Keep what you still need of it, and begin anew.
          </p>
          <Button
            small
            tone="secondary"
            onClick={() => {
              setHeld(live);
              onAnew(live.document);
            }}
          >
            Begin anew with what is there now
          </Button>
        </Notice>
      ) : undefined,
  };
}
