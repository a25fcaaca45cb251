/** Hears from the controller what of the person's own is another now, and asks anew for it. Where it may not listen, pages ask by themselves. */
import { useEffect } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { ownKinds, type OwnKind } from '../../../protocol/live-events.ts';
import { ownStream } from '../queries.ts';

/** By the first part of the queries' keys. */
const keys: Readonly<Record<OwnKind, string>> = {
  me: 'me',
  devices: 'devices',
  sessions: 'my-sessions',
  passes: 'passes',
  requests: 'requests',
  approvals: 'approvals',
  resources: 'resources',
};

const againMs = 15_000;

/** While `active`. A browser dials again by itself, unless it was refused; then it is tried anew after a while. */
export function useOwnEvents(active: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!active) return undefined;
    let source: EventSource;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const askAnew = (kinds: readonly OwnKind[]): void => {
      for (const kind of kinds) void queries.invalidateQueries({ queryKey: [keys[kind]] });
    };
    const close = (): void => {
      source.close();
      ownStream.isUp = false;
    };
    const open = (): void => {
      source = new EventSource('/api/v1/me/events');
      source.addEventListener('open', () => {
        ownStream.isUp = true;
      });
      for (const kind of ownKinds) source.addEventListener(kind, () => askAnew([kind]));
      // Whoever asks now who is signed in finds nobody, and the sign-in page.
      source.addEventListener('ended', () => {
        close();
        askAnew(['me']);
      });
      source.addEventListener('error', () => {
        if (source.readyState !== EventSource.CLOSED) return;
        close();
        askAnew(ownKinds);
        timer = setTimeout(open, againMs);
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [active, queries]);
}
