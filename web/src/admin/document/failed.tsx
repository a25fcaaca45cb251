/** Why a change of the document was not taken: what is wrong piece by piece, or that somebody else was first. */
import { ApiProblem } from '../../api/call.ts';
import { Notice } from '../../ui/notice.tsx';
import { Issues } from './issues.tsx';
import type { ShownDocument } from './shown-document.ts';

export function Failed({
  error,
  document,
}: {
  readonly error: Error;
  /** What was not taken, by which what is wrong is called by its name. */
  readonly document?: ShownDocument | undefined;
}) {
  const conflict = error instanceof ApiProblem && error.status === 409;
  return (
    <Notice
      tone="bad"
      title={conflict ? 'Somebody else changed the document' : 'It cannot be saved like this'}
      live
    >
      {error instanceof ApiProblem && error.issues.length > 0 ? (
        <Issues issues={error.issues} document={document} />
      ) : (
        <p>
          {conflict
            ? 'Close this, look at what is there now, and make your change again. Nothing was changed.'
            : error.message}
        </p>
      )}
    </Notice>
  );
}
