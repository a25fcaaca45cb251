/** What is wrong with a document, where, and what to do. */
import type { DocumentIssue } from '../../../../protocol/problem.ts';
import { Foreign } from '../../ui/foreign.tsx';

export function Issues({ issues }: { readonly issues: readonly DocumentIssue[] }) {
  return (
    <ul className="grid gap-1">
      {issues.slice(0, 20).map(({ path, message }) => (
        <li key={`${path.join('.')} ${message}`} className="text-small">
          {path.length === 0 ? undefined : (
            <code className="mr-2 font-mono text-note text-quiet wrap-anywhere">{path.join('.')}</code>
          )}
          <Foreign text={message} limit={400} />
        </li>
      ))}
      {issues.length > 20 ? (
        <li className="text-small text-quiet">And {issues.length - 20} more.</li>
      ) : undefined}
    </ul>
  );
}
