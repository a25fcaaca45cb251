/** Asks before something that hurts, and says what it does; shows what went wrong where it did. */
import { useState } from 'react';
import type { ApiCall } from '../api/call.ts';
import { AsCode } from './as-code.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Notice } from './notice.tsx';
import { toast } from './toast.tsx';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly yes: string;
  readonly run: () => ApiCall<unknown>;
  /** What follows once it is done. */
  readonly after?: () => unknown;
  /** What is said once it is done. */
  readonly done: string;
  readonly undo?: () => Promise<unknown>;
}

export function Confirm({
  question,
  onClose,
}: {
  readonly question: Question;
  readonly onClose: (done: boolean) => void;
}) {
  const [state, setState] = useState<'asked' | 'busy' | Error>('asked');
  const { title, text, yes, run, after, done, undo } = question;
  const go = (): void => {
    setState('busy');
    run().then(
      () => {
        toast({ text: done, ...(undo === undefined ? {} : { undo }) });
        onClose(true);
        after?.();
      },
      (error: unknown) => setState(error instanceof Error ? error : new Error(String(error))),
    );
  };
  return (
    <Dialog
      title={title}
      onClose={() => onClose(false)}
      foot={
        <>
          <Button tone="secondary" onClick={() => onClose(false)}>
            Cancel
          </Button>
          <Button tone="danger" busy={state === 'busy'} onClick={go}>
            {yes}
          </Button>
        </>
      }
    >
      <p className="text-pretty wrap-anywhere">{text}</p>
      <AsCode call={run()} />
      {state instanceof Error ? (
        <Notice tone="bad" title="It was not done" live>
          {state.message}
        </Notice>
      ) : undefined}
    </Dialog>
  );
}
