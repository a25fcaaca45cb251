/** A dialog that makes something: its form first, then, in the same place, what was made, until the person is done with it. */
import type { ReactNode } from 'react';
import type { ApiCall } from '../api/call.ts';
import { AsCode } from './as-code.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Notice } from './notice.tsx';

export function MakeDialog<T>({
  title,
  lead,
  work,
  yes,
  incomplete = false,
  refused,
  form,
  code,
  onClose,
  children,
}: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly work: {
    readonly data: T | undefined;
    readonly error: Error | null;
    readonly isPending: boolean;
    readonly mutate: () => void;
  };
  /** What the button says that makes it. */
  readonly yes: string;
  /** Whether the form still lacks something. */
  readonly incomplete?: boolean;
  /** Stands above the error where it could not be made. */
  readonly refused: string;
  readonly form: ReactNode;
  /** What would be sent as the form stands; absent while it lacks something. */
  readonly code?: (() => ApiCall<T>) | undefined;
  readonly onClose: () => void;
  /** What was made. */
  readonly children: (made: T) => ReactNode;
}) {
  const { data, error, isPending, mutate } = work;
  return (
    <Dialog
      title={title}
      lead={lead}
      onClose={onClose}
      foot={
        data === undefined ? (
          <>
            <Button tone="secondary" onClick={onClose}>
              Cancel
            </Button>
            <Button busy={isPending} disabled={incomplete} onClick={() => mutate()}>
              {yes}
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Done</Button>
        )
      }
    >
      {data === undefined ? (
        <>
          {form}
          {code === undefined || incomplete ? undefined : <AsCode call={code()} />}
          {error === null ? undefined : (
            <Notice tone="bad" title={refused} live>
              {error.message}
            </Notice>
          )}
        </>
      ) : (
        children(data)
      )}
    </Dialog>
  );
}
