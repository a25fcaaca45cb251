/** Entries of the audit log, newest first: kept live at its head, read on at its end, each opened for its detail. */
import { useState } from 'react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import type { AuditRow } from '../../../../protocol/inventory.ts';
import { isMet, reasonTexts } from '../../../../protocol/reasons.ts';
import { requestIn } from '../../../../protocol/request-in.ts';
import { admin, type LogQuery } from '../../api/admin.ts';
import { Badge } from '../../ui/badge.tsx';
import { capital } from '../../ui/capital.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { useFailure } from '../../ui/use-failure.ts';
import { kindText } from './kinds.ts';
import { useNames } from './use-names.ts';

const pageSize = '100';

function useLog(query: LogQuery) {
  return useInfiniteQuery({
    queryKey: ['admin', 'log', query],
    queryFn: ({ pageParam }) => admin.log({ ...query, last: pageSize, before: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ entries }) =>
      entries.length < Number(pageSize) ? undefined : entries[0]?.seq.toString(),
  });
}

export function LogList({ query }: { readonly query: LogQuery }) {
  const log = useLog(query);
  const names = useNames();
  const failure = useFailure(log);
  if (log.data === undefined) {
    return failure === undefined ? (
      <Skeleton what="the log" />
    ) : (
      <ErrorState
        what="The log"
        error={failure}
        busy={log.error === null}
        onRetry={() => void log.refetch()}
      />
    );
  }
  const rows = log.data.pages.flatMap(({ entries }) => entries.toReversed());
  if (rows.length === 0) {
    return (
      <EmptyState title="No entry">
        <p>Nothing of this kind has happened, or the filters leave it out.</p>
      </EmptyState>
    );
  }
  return (
    <div className="rounded-panel border border-line bg-surface shadow-panel">
      <ul className="divide-y divide-line" aria-label="Entries">
        {rows.map((row) => (
          <Entry key={row.seq} row={row} who={names.get(row.who) ?? row.who} />
        ))}
      </ul>
      <ShowOlder what="entries" query={log} className="border-t border-line p-2" />
    </div>
  );
}

const tones: Readonly<Record<string, 'good' | 'bad' | 'plain'>> = {
  refused: 'bad',
  allowed: 'good',
  failed: 'bad',
};

function Entry({ row, who }: { readonly row: AuditRow; readonly who: string }) {
  const [open, setOpen] = useState(false);
  const { seq, time, what, resource, result, reasons, cause, detail } = row;
  const request = requestIn(detail);
  // Of a refusal only what it was for; the detail has all that was looked at.
  const missing = result === 'refused' ? reasons.filter((name) => !isMet(name)) : reasons;
  const why = (request === undefined || cause === undefined ? missing : [...missing, cause]).map(reasonText);
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full items-start gap-3 px-3 py-2 text-left text-small -outline-offset-2 hover:bg-sunken/60"
      >
        <ChevronRight
          className={`mt-0.5 size-4 shrink-0 text-quiet transition-transform ${open ? 'rotate-90' : ''}`}
          aria-hidden="true"
        />
        <span className="min-w-0 flex-1 md:grid md:grid-cols-[8.5rem_10rem_minmax(0,1fr)] md:items-baseline md:gap-x-3 xl:grid-cols-[8.5rem_13rem_minmax(0,1fr)]">
          <span className="text-quiet max-md:text-note">
            <Instant instant={time} />
          </span>
          <span className="wrap-anywhere max-md:pl-2" title={what}>
            {kindText(what)}
          </span>
          <span className="block min-w-0">
            <Foreign text={who} limit={80} />
            {resource === undefined ? undefined : (
              <>
                <span className="text-quiet"> · </span>
                <Foreign text={resource} limit={80} />
              </>
            )}
            {request === undefined ? undefined : (
              <>
                <span className="text-quiet"> · </span>
                <Foreign text={request} limit={120} />
              </>
            )}
            {why.length === 0 ? undefined : (
              <Foreign text={` · ${why.join(', ')}`} limit={200} className="text-quiet" />
            )}
          </span>
        </span>
        <Badge tone={tones[result] ?? 'plain'}>{capital(result.slice(0, 20))}</Badge>
      </button>
      {open ? (
        <div className="px-4 pb-3 md:pl-10">
          <CodeBlock
            what={`Entry ${seq}`}
            text={JSON.stringify(
              { seq, time, who: row.who, what, resource, result, reasons, cause, detail },
              null,
              2,
            )}
          />
        </div>
      ) : undefined}
    </li>
  );
}

/** In words where it is a reason of a decision; its name stands in the detail. */
function reasonText(name: string): string {
  return Object.hasOwn(reasonTexts, name) ? reasonTexts[name as keyof typeof reasonTexts].text : name;
}
