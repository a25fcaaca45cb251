/** The way to the next page of a list that comes page by page; nothing where there is none. */
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { Button } from './button.tsx';

export function ShowOlder({
  what,
  query,
  className = '',
}: {
  /** The entries, in the plural. */
  readonly what: string;
  readonly query: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
  readonly className?: string;
}) {
  if (!query.hasNextPage) return undefined;
  return (
    <div className={`text-center ${className}`}>
      <Button tone="quiet" small busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        Show older {what}
      </Button>
    </div>
  );
}
