/** Asks before something that hurts, and says what it does; shows what went wrong where it did. */
import { useState } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Notice } from './notice.tsx';
import { toast } from './toast.tsx';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly yes: string;
  readonly run: () => Promise<unknown>;
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
  const { title, text, yes, run, done, undo } = question;
  const go = (): void => {
    setState('busy');
    run().then(
      () => {
        toast({ text: done, ...(undo === undefined ? {} : { undo }) });
        onClose(true);
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
      {state instanceof Error ? (
        <Notice tone="bad" title="It was not done" live>
          {state.message}
        </Notice>
      ) : undefined}
    </Dialog>
  );
}
