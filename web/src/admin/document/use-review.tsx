/** Proposes a change of the organisation's document: what it would do is shown first, then it is saved or dropped. */
import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { DocumentInForce } from '../../api/admin.ts';
import type { ShownDocument } from './shown-document.ts';

export interface Proposal {
  /** What is done, e.g. `Add the resource wiki`. */
  readonly title: string;
  readonly base: DocumentInForce;
  readonly next: ShownDocument;
  /** The part of the document that matters, as it will stand there; undefined where something goes. */
  readonly fragment?: object;
  /** Given the document as it was saved; nothing where it waits for a second administrator. */
  readonly onSaved?: (saved: DocumentInForce | undefined) => void;
}

const Review = lazy(() => import('./review.tsx'));

/** What to put into the page, and what begins a review. */
export function useReview(): readonly [ReactNode, (proposal: Proposal) => void] {
  const [proposal, setProposal] = useState<Proposal>();
  const dialog =
    proposal === undefined ? undefined : (
      <Suspense>
        <Review proposal={proposal} onClose={() => setProposal(undefined)} />
      </Suspense>
    );
  return [dialog, setProposal];
}
