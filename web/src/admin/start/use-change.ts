/** Changes the document without a review: for the first steps, each of which says beforehand what it writes. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { documentQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import type { ShownDocument } from '../document/shown-document.ts';

/** `change` is given the document in force and returns what it shall be; fails when somebody else wrote meanwhile. */
export function useChange(change: (document: ShownDocument) => ShownDocument) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const { document, revision } = await queries.fetchQuery({ ...documentQuery, staleTime: 0 });
      const saved = await admin.save(change(document), revision);
      await queries.invalidateQueries();
      if ('proposal' in saved)
        throw new Error('It waits for a second administrator, under Proposals. Go on once it is approved.');
      return saved.revision;
    },
  });
}
