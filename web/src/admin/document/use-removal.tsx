/** Proposes to take a named entry out of the document, by the review that every change of it goes through. */
import type { ReactNode } from 'react';
import { useNavigate } from '@tanstack/react-router';
import type { DocumentInForce } from '../../api/admin.ts';
import { entryNouns, withEntry, type NamedList } from './shown-document.ts';
import { useReview } from './use-review.tsx';

export interface Removal {
  readonly list: NamedList;
  readonly name: string;
  readonly base: DocumentInForce;
  readonly onSaved?: () => void;
}

/** What to put into the page, and what begins the review of a removal. */
export function useRemoval(): readonly [ReactNode, (removal: Removal) => void] {
  const [review, propose] = useReview();
  return [
    review,
    ({ list, name, base, ...rest }) =>
      propose({
        title: `Remove the ${entryNouns[list]} ${name}`,
        base,
        next: withEntry(base.document, list, name, undefined),
        ...rest,
      }),
  ];
}

/** The same from an entry's own page, which is no more afterwards: leads back to the list. */
export function useOwnRemoval(
  list: 'networks' | 'policies' | 'resources',
): readonly [ReactNode, (name: string, base: DocumentInForce) => void] {
  const navigate = useNavigate();
  const [review, remove] = useRemoval();
  const onSaved = () => void navigate({ to: `/admin/${list}` });
  return [review, (name, base) => remove({ list, name, base, onSaved })];
}
