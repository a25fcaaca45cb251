/** Says at the edge that something was done, with a way to undo it where there is one. Goes by itself after a while. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { CircleCheck, OctagonAlert, X } from 'lucide-react';
import type { ApiCall } from '../api/call.ts';
import { codeOf } from '../api/code-of.ts';
import { CopyButton } from './copy-button.tsx';

export interface Toast {
  readonly text: string;
  readonly tone?: 'good' | 'bad';
  readonly undo?: () => Promise<unknown>;
  /** What was done at once, without a dialog that would have shown it as code. */
  readonly call?: ApiCall<unknown>;
}

interface Shown extends Toast {
  readonly id: number;
}

let shown: readonly Shown[] = [];
let count = 0;
const listeners = new Set<() => void>();

function set(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Shows it, with at most two others. */
export function toast(what: Toast): void {
  count += 1;
  set([...shown.slice(-2), { ...what, id: count }]);
}

/** Says what went wrong with what was done at once, without a dialog that would say so. */
export function toastFault(error: unknown): void {
  toast({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
}

function dismiss(id: number): void {
  set(shown.filter((each) => each.id !== id));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const list = useSyncExternalStore(subscribe, () => shown);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-3 bottom-4 z-60 mx-auto grid max-w-md justify-items-center gap-2"
    >
      {list.map((each) => (
        <One key={each.id} toast={each} />
      ))}
    </div>
  );
}

/** Long enough to read it and to reach the button. */
const stayMs = 9_000;

function One({ toast: { id, text, tone = 'good', undo, call } }: { readonly toast: Shown }) {
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (held || busy) return undefined;
    const timer = setTimeout(() => dismiss(id), stayMs);
    return () => clearTimeout(timer);
  }, [id, held, busy]);
  const Icon = tone === 'good' ? CircleCheck : OctagonAlert;
  const code = call === undefined ? undefined : codeOf(call, location.origin);
  const takeBack = (): void => {
    if (undo === undefined) return;
    setBusy(true);
    undo().then(
      () => dismiss(id),
      (error: unknown) => {
        dismiss(id);
        toast({ tone: 'bad', text: error instanceof Error ? error.message : 'It could not be undone.' });
      },
    );
  };
  return (
    <div
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className="rises pointer-events-auto flex w-full items-center gap-3 rounded-control border border-line bg-raised py-2 pr-2 pl-4 shadow-menu"
    >
      <Icon className={`size-5 shrink-0 ${tone === 'good' ? 'text-good' : 'text-bad'}`} aria-hidden="true" />
      <p className="min-w-0 flex-1 text-small wrap-anywhere">{text}</p>
      {code === undefined ? undefined : <CopyButton text={code} what="it as code" />}
      {undo === undefined ? undefined : (
        <button
          type="button"
          disabled={busy}
          onClick={takeBack}
          className="rounded-small px-2 py-1.5 text-small font-medium text-accent hover:bg-sunken"
        >
          Undo
        </button>
      )}
      <button
        type="button"
        aria-label="Dismiss"
        onClick={() => dismiss(id)}
        className="inline-flex size-8 items-center justify-center rounded-small text-quiet hover:bg-sunken hover:text-ink"
      >
        <X className="size-4" aria-hidden="true" />
      </button>
    </div>
  );
}
