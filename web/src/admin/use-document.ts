/** The document in force for a page that changes it. */
import { useQuery } from '@tanstack/react-query';
import { documentQuery } from '../admin-queries.ts';
import { useMay } from '../shell/may.ts';

export function useDocument() {
  const may = useMay();
  return useQuery({ ...documentQuery, enabled: may('document.read') });
}
