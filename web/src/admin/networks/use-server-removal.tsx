/** The button that removes a connector or relay, and what it asks first; the same in every list of them. */
import type { ReactNode } from 'react';
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { useQuestion } from '../use-question.tsx';

const texts = {
  connectors: {
    noun: 'connector',
    text: 'What goes through it ends at once, and its key is refused. To come back it has to join with a new key.',
  },
  relays: {
    noun: 'relay',
    text: 'Devices and connectors leave it; what is open goes on over another relay, or ends where there is none. To come back it has to join with a new key.',
  },
} as const;

/** What to put into the page, and the button of a row; none for those who may not, and for what cannot go. */
export function useServerRemoval(
  kind: 'connectors' | 'relays',
): readonly [ReactNode, (server: ServerEntry) => ReactNode] {
  const may = useMay();
  const [confirm, ask] = useQuestion();
  const { noun, text } = texts[kind];
  return [
    confirm,
    ({ id, name, embedded }) => {
      const called = foreignText(name, 63);
      return embedded === true || !may('servers.write') ? undefined : (
        <Button
          small
          tone="quiet"
          onClick={() =>
            ask({
              title: `Remove the ${noun} ${called}?`,
              text,
              yes: 'Remove it',
              done: `The ${noun} ${called} is removed.`,
              run: () => admin.removeServer(kind, id),
            })
          }
        >
          Remove
          <span className="sr-only"> {called}</span>
        </Button>
      );
    },
  ];
}
