/** The audit log: sign-ins, decisions, flows and changes, found by filters in the address, live, and saved as a file. */
import { useState, type ReactNode } from 'react';
import { Download } from 'lucide-react';
import type { AuditRow } from '../../../../protocol/inventory.ts';
import { admin, type LogQuery } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { toCsv, toNdjson, type ExportRow } from '../../ui/export-rows.ts';
import { saveFile } from '../../ui/save-file.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { toast } from '../../ui/toast.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { kindGroups } from './kinds.ts';
import { LogList } from './log-list.tsx';

/** What each part of the log shows. */
const parts: Readonly<Record<string, { readonly label: string; readonly what: string }>> = {
  flows: { label: 'Connections', what: 'flow' },
  refusals: { label: 'Refusals', what: 'access.refuse' },
  'sign-ins': { label: 'Sign-ins', what: 'sign-in' },
  sessions: { label: 'Sessions', what: 'session' },
  document: { label: 'Document', what: 'document' },
  devices: { label: 'Devices', what: 'device' },
};
const periods = [
  { value: '', label: 'Any time' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
];
const periodMs: Readonly<Record<string, number>> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
};
/** So many entries are saved at most. */
const maxSaved = 20_000;

export function LogPage() {
  const [{ tab, kind, q, result, resource, period, who }, change] = useListSearch();
  const [saving, setSaving] = useState<'csv' | 'ndjson'>();
  // Rounded down, so that the question stays the same while the page is looked at.
  const [openedMs] = useState(() => Math.floor(Date.now() / 60_000) * 60_000);
  const lastMs = period === undefined ? undefined : periodMs[period];
  const part = parts[tab ?? '']?.what;
  const query: LogQuery = {
    what: kind !== undefined && isWithin(kind, part) ? kind : part,
    q: q === '' ? undefined : q,
    result: result === '' ? undefined : result,
    resource: resource === '' ? undefined : resource,
    who,
    since: lastMs === undefined ? undefined : new Date(openedMs - lastMs).toISOString(),
  };
  const save = async (as: 'csv' | 'ndjson'): Promise<void> => {
    setSaving(as);
    try {
      const { entries, whole } = await allEntries(query);
      if (as === 'csv') saveFile('postern-log.csv', 'text/csv', toCsv(entries.map(asRow)));
      else saveFile('postern-log.ndjson', 'application/x-ndjson', toNdjson(entries as never));
      if (!whole)
        toast({ text: `The newest ${maxSaved} entries were saved. Narrow the filters for the rest.` });
    } catch (error) {
      toast({ tone: 'bad', text: error instanceof Error ? error.message : 'It could not be saved.' });
    } finally {
      setSaving(undefined);
    }
  };
  return (
    <Page
      title="Log"
      lead="What happened, newest first, as it happens: who, what, the outcome and why."
      actions={
        <>
          <Button tone="secondary" busy={saving === 'csv'} onClick={() => void save('csv')}>
            <Download className="size-4" aria-hidden="true" />
            Save as CSV
          </Button>
          <Button tone="secondary" busy={saving === 'ndjson'} onClick={() => void save('ndjson')}>
            <Download className="size-4" aria-hidden="true" />
            Save as NDJSON
          </Button>
        </>
      }
    >
      <Tabs
        label="Parts of the log"
        current={tab}
        tabs={[
          { id: undefined, label: 'Everything' },
          ...Object.entries(parts).map(([id, { label }]) => ({ id, label })),
        ]}
      />
      <div className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
        <Box
          label="Find in who, reasons and detail"
          value={q}
          onChange={(text) => change({ q: text })}
          grow
        />
        <Box label="Resource" value={resource} onChange={(text) => change({ resource: text })} />
        <Pick label="Kind" value={kind} onChange={(value) => change({ kind: value })}>
          <option value="">Any kind</option>
          {kindGroups.map(({ label, kinds }) => {
            const own = Object.entries(kinds).filter(([what]) => isWithin(what, part));
            return own.length === 0 ? undefined : (
              <optgroup key={label} label={label}>
                {own.map(([what, text]) => (
                  <option key={what} value={what}>
                    {text}
                  </option>
                ))}
              </optgroup>
            );
          })}
        </Pick>
        <Pick label="Outcome" value={result} onChange={(value) => change({ result: value })}>
          <option value="">Any outcome</option>
          <option value="allowed">Allowed</option>
          <option value="refused">Refused</option>
          <option value="done">Done</option>
          <option value="failed">Failed</option>
        </Pick>
        <Pick label="When" value={period} onChange={(value) => change({ period: value })}>
          {periods.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Pick>
      </div>
      <LogList query={query} />
    </Page>
  );
}

/** What of an entry has a column; what differs by its kind is one of them, as JSON. */
function asRow({ seq, time, who, what, resource, result, reasons, detail }: AuditRow): ExportRow {
  return {
    seq,
    time,
    who,
    what,
    resource: resource ?? '',
    result,
    reasons: reasons.join(' '),
    detail: JSON.stringify(detail),
  };
}

/** Whether a kind is this one or below it; every kind is within none. */
function isWithin(what: string, above: string | undefined): boolean {
  return above === undefined || what === above || what.startsWith(`${above}.`);
}

async function allEntries(query: LogQuery) {
  const entries = [];
  let before: string | undefined;
  while (entries.length < maxSaved) {
    // Each page begins where the last ended.
    // oxlint-disable-next-line no-await-in-loop
    const page = await admin.log({ ...query, last: '1000', before });
    entries.unshift(...page.entries);
    if (page.entries.length < 1_000) return { entries, whole: true };
    before = page.entries[0]?.seq.toString();
  }
  return { entries, whole: false };
}

const box = 'h-9 rounded-control border border-line-strong bg-surface px-3 text-small hover:border-quiet';

function Box({
  label,
  value,
  onChange,
  grow = false,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (text: string) => void;
  readonly grow?: boolean;
}) {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={value ?? ''}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      className={`${box} min-w-0 ${grow ? 'col-span-2 sm:min-w-48 sm:flex-1' : 'sm:w-40'}`}
    />
  );
}

function Pick({
  label,
  value,
  onChange,
  children,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
  readonly children: ReactNode;
}) {
  return (
    <select
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value)}
      className={`${box} min-w-0 sm:max-w-60`}
    >
      {children}
    </select>
  );
}
