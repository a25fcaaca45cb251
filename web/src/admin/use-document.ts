/** The document in force for a page that changes it. */
import { useQuery } from '@tanstack/react-query';
import { documentQuery } from '../admin-queries.ts';
import { useMay } from '../shell/may.ts';

/** @param isNeeded whether it is asked for by now */
export function useDocument(isNeeded = true) {
  const may = useMay();
  return useQuery({ ...documentQuery, enabled: isNeeded && may('document.read') });
}
