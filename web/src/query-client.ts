/** What was read from the controller, for all pages; the router begins to read before a page is there. */
import { QueryClient } from '@tanstack/react-query';
import { worthRetrying } from './queries.ts';

export const queries = new QueryClient({
  defaultOptions: { queries: { retry: worthRetrying, staleTime: 5_000 } },
});
