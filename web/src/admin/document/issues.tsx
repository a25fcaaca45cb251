/** What is wrong with a document, where, and what to do. */
import type { DocumentIssue } from '../../../../protocol/problem.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { entryNouns, type NamedList, type ShownDocument } from './shown-document.ts';

export function Issues({
  issues,
  document,
}: {
  readonly issues: readonly DocumentIssue[];
  /** What they are about: its entries are called by their names, and by their places where it is not there. */
  readonly document?: ShownDocument | undefined;
}) {
  return (
    <ul className="grid gap-1">
      {issues.slice(0, 20).map(({ path, message }) => (
        <li key={`${path.join('.')} ${message}`} className="text-small">
          {path.length === 0 ? undefined : (
            <code className="mr-2 font-mono text-note text-quiet wrap-anywhere">
              {placeOf(path, document)}
            </code>
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

/** `resource wiki: network` for `resources.5.network`. */
function placeOf(path: DocumentIssue['path'], document: ShownDocument | undefined): string {
  const [list, place, ...rest] = path;
  if (typeof list === 'string' && Object.hasOwn(entryNouns, list) && typeof place === 'number') {
    const entry = document?.[list as NamedList]?.[place];
    if (typeof entry?.name === 'string' && entry.name !== '') {
      const name = `${entryNouns[list as NamedList]} ${foreignText(entry.name, 63)}`;
      return rest.length === 0 ? name : `${name}: ${rest.join('.')}`;
    }
  }
  return path.join('.');
}
