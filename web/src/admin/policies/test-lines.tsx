/** Policy tests, one below the other: who, and what they can and cannot use. */
import type { PolicyTestDocument } from '../../../../protocol/policy-document.ts';
import { Foreign } from '../../ui/foreign.tsx';

export function TestLines({
  tests,
  empty,
}: {
  readonly tests: readonly PolicyTestDocument[];
  readonly empty: string;
}) {
  if (tests.length === 0) return <p className="px-5 py-4 text-quiet text-pretty">{empty}</p>;
  return (
    <ol className="divide-y divide-line">
      {tests.map((each, index) => (
        // A test is its place in the list.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index} className="px-5 py-3 text-small">
          <p className="font-medium">
            {index + 1}. <Foreign text={each.user ?? each.serviceAccount ?? 'somebody'} limit={100} />
            {each.groups === undefined ? '' : ` of ${each.groups.join(', ')}`}
          </p>
          {each.can === undefined ? undefined : <p className="text-good">can use {each.can.join(', ')}</p>}
          {each.cannot === undefined ? undefined : (
            <p className="text-bad">cannot use {each.cannot.join(', ')}</p>
          )}
        </li>
      ))}
    </ol>
  );
}
