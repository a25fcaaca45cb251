/** What a plan says: tests that would fail, warnings, who would lose or gain what, and what changes in the document. */
import type { PlanAccess, PlanResult } from '../../../../protocol/plan.ts';
import { Badge } from '../../ui/badge.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Notice, type NoticeTone } from '../../ui/notice.tsx';
import { ChangeList } from './change-list.tsx';

export function Planned({ plan }: { readonly plan: PlanResult }) {
  const { access, changes, moreAccess, notLookedAt, warnings, tests } = plan;
  return (
    <>
      {tests.failed.length === 0 ? undefined : (
        <Notice tone="bad" title="A policy test would fail, so it cannot be saved" live>
          <ul className="list-disc pl-5">
            {tests.failed.flatMap(({ index, subject, failures }) =>
              failures.map(({ expected, resource, door }) => (
                <li key={`${index} ${resource} ${door} ${expected}`}>
                  Test {index + 1}: <Foreign text={subject} limit={80} /> {expected} use{' '}
                  <Foreign text={resource} limit={63} />, says the test; it would be the other way round.
                </li>
              )),
            )}
          </ul>
        </Notice>
      )}
      {warnings.map(({ kind, policy, message }) => (
        <Notice key={`${kind} ${policy} ${message}`} tone="wait" title={foreignText(message, 300)} />
      ))}
      <section>
        <h3 className="mb-2 text-small font-semibold text-quiet">Who would lose or gain</h3>
        {access.length === 0 ? (
          <p className="text-small text-quiet">Nobody loses or gains anything by it.</p>
        ) : (
          <ul className="divide-y divide-line rounded-control border border-line">
            {access.map((row, index) => (
              // Rows are what they say; the order never changes.
              // oxlint-disable-next-line react/no-array-index-key
              <AccessRow key={index} row={row} />
            ))}
          </ul>
        )}
        {moreAccess > 0 ? (
          <p className="mt-2 text-small text-quiet">And {moreAccess} more such rows.</p>
        ) : undefined}
        {notLookedAt > 0 ? (
          <p className="mt-2 text-small text-wait">
            The change is too large to look at all of it: {notLookedAt} combinations of people, resource and
            door were left out.
          </p>
        ) : undefined}
      </section>
      <section>
        <h3 className="mb-2 text-small font-semibold text-quiet">What changes in the document</h3>
        <ChangeList changes={changes} />
        {tests.passed > 0 && tests.failed.length === 0 ? (
          <p className="mt-2 text-small text-good">
            {tests.passed === 1 ? 'The policy test passes.' : `All ${tests.passed} policy tests pass.`}
          </p>
        ) : undefined}
      </section>
    </>
  );
}

const looks: Readonly<Record<PlanAccess['change'], { readonly tone: NoticeTone; readonly text: string }>> = {
  loses: { tone: 'bad', text: 'loses' },
  gains: { tone: 'good', text: 'gains' },
  'needs-more': { tone: 'wait', text: 'needs more for' },
  'needs-less': { tone: 'good', text: 'needs less for' },
  'needs-other': { tone: 'wait', text: 'needs something else for' },
};

function AccessRow({ row }: { readonly row: PlanAccess }) {
  const { change, when, who, resources, resourceCount, doors, needs } = row;
  const { tone, text } = looks[change];
  return (
    <li className="flex gap-x-3 gap-y-1.5 px-3.5 py-2.5 text-small max-sm:flex-col">
      <span className="shrink-0 sm:w-28">
        <Badge tone={tone}>{text}</Badge>
      </span>
      <p className="min-w-0">
        <span className="font-medium">
          <Foreign text={whoText(who)} limit={200} />
        </span>{' '}
        <span className="text-quiet">{text}</span>{' '}
        <Foreign text={listed(resources, resourceCount)} limit={300} className="font-medium" />
        <span className="text-quiet">
          {doors.length === 1 ? (doors[0] === 'web' ? ' in the browser' : ' with the client') : ''}
          {when === 'now' ? ', with what is open now' : ', once signed in'}
          {needs.length === 0 ? '' : `; it takes ${needs.join(', ')}`}
        </span>
      </p>
    </li>
  );
}

function whoText({ kind, count, names, groups }: PlanAccess['who']): string {
  if (kind === 'anyone') return `anyone in ${groups.join(', ') || 'the organisation'}`;
  return names.length === 0 ? `${count} ${kind}` : listed(names, count);
}

function listed(names: readonly string[], count: number): string {
  const rest = count - names.length;
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
