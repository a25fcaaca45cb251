/** How each connector found a resource when it last dialled it, how that changed since it started, and a test of it now. */
import { useQuery } from '@tanstack/react-query';
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import type { PortHealth } from '../../../../protocol/resource-health.ts';
import { healthCodeTexts } from '../../../../protocol/health-texts.ts';
import { oneHealthQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Panel } from '../../ui/panel.tsx';
import { capital } from '../../ui/capital.ts';
import { Loaded } from '../../ui/states.tsx';
import { useNow } from '../../ui/use-now.ts';
import { TestTarget } from './test-target.tsx';

export function HealthPanel({
  name,
  declared,
}: {
  readonly name: string;
  readonly declared: ResourceDocument | undefined;
}) {
  const may = useMay();
  const health = useQuery(oneHealthQuery(name));
  return (
    <Panel title="Whether it answers">
      <Loaded what="What connectors found" query={health}>
        {({ resources: [found], silent }) => (
          <>
            {found === undefined ? (
              <NoEntry>No connector has dialled it since it started.</NoEntry>
            ) : (
              <EntryList>
                {found.ports.map((each) => (
                  <PortEntry key={`${each.connector} ${each.port}`} health={each} />
                ))}
              </EntryList>
            )}
            {silent.length === 0 ? undefined : (
              <p className="px-5 pb-4 text-small text-quiet">
                Not heard of: <Foreign text={silent.join(', ')} limit={200} />.
              </p>
            )}
          </>
        )}
      </Loaded>
      {declared !== undefined && may('document.write-network') ? (
        <div className="max-w-xl border-line px-5 py-4">
          <TestTarget entry={declared} onTested={() => void health.refetch()} />
        </div>
      ) : undefined}
    </Panel>
  );
}

function PortEntry({ health }: { readonly health: PortHealth }) {
  const { connector, port, code, since, lastOk, changes = [] } = health;
  return (
    <Entry
      name={
        <span className="inline-flex items-center gap-2">
          <span
            className={`size-2 shrink-0 rounded-full ${code === undefined ? 'bg-good' : 'bg-bad'}`}
            aria-hidden="true"
          />
          Port {port}
          <span className="font-normal text-quiet">
            by <Foreign text={connector} limit={63} />
          </span>
        </span>
      }
      aside={
        <>
          <span>
            {code === undefined ? 'Answers since' : `${capital(healthCodeTexts[code])}, since`}{' '}
            <Ago instant={since} />
          </span>
          {lastOk === undefined ? (
            <span>Never answered</span>
          ) : (
            <span>
              Last answered <Ago instant={lastOk} />
            </span>
          )}
        </>
      }
      actions={<Strip changes={changes} />}
    />
  );
}

/** The time since the first dial, left to right: where it answered, and where it did not. */
function Strip({ changes }: { readonly changes: NonNullable<PortHealth['changes']> }) {
  const nowMs = useNow().getTime();
  const [first] = changes;
  if (first === undefined) return undefined;
  const beganMs = Date.parse(first.at);
  const wholeMs = Math.max(1, nowMs - beganMs);
  const failed = changes.filter(({ code }) => code !== undefined).length;
  return (
    <svg
      viewBox="0 0 100 8"
      preserveAspectRatio="none"
      role="img"
      aria-label={
        failed === 0 ? 'It answered all the while' : `It failed ${failed} ${failed === 1 ? 'time' : 'times'}`
      }
      className="h-2 w-28 rounded-small"
    >
      {changes.map(({ at, code }, index) => {
        const from = (100 * (Date.parse(at) - beganMs)) / wholeMs;
        const next = changes[index + 1];
        const to = next === undefined ? 100 : (100 * (Date.parse(next.at) - beganMs)) / wholeMs;
        return (
          <rect
            key={`${at} ${index}`}
            x={from}
            width={Math.max(0.5, to - from)}
            height={8}
            className={code === undefined ? 'fill-good' : 'fill-bad'}
          />
        );
      })}
    </svg>
  );
}
