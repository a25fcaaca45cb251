/** What can be done with a connector, the same in every list of them: drained and taken back, removed. */
import type { ReactNode } from 'react';
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { useQuestion } from '../use-question.tsx';
import { useServerRemoval } from './use-server-removal.tsx';

/**
 * What to put into the page, and the buttons of a row.
 * @param all every connector that is known, from which is seen whether another one takes over
 */
export function useConnectorActions(
  all: readonly ServerEntry[] | undefined,
): readonly [ReactNode, (server: ServerEntry) => ReactNode] {
  const may = useMay();
  const [confirm, ask] = useQuestion();
  const [confirmRemoval, renderRemove] = useServerRemoval('connectors');
  const drain = ({ id, name, network }: ServerEntry): void => {
    const called = foreignText(name, 63);
    const isAlone = !(all ?? []).some(
      (each) => each.id !== id && each.network === network && each.online && each.drained === undefined,
    );
    ask({
      title: `Drain the connector ${called}?`,
      text: isAlone
        ? 'It takes no new connections from now on, and no other connector of its network is there to take them: nobody reaches anything new in that network until it is taken back. What is open goes on.'
        : 'New connections go to another connector of its network from now on. What is open goes on until it ends by itself.',
      yes: 'Drain it',
      done: `The connector ${called} is drained.`,
      run: () => admin.drainConnector(id, 'drain'),
    });
  };
  const resume = ({ id, name }: ServerEntry): void => {
    const called = foreignText(name, 63);
    ask({
      title: `Take the connector ${called} back?`,
      text: 'It takes new connections again.',
      yes: 'Take it back',
      done: `The connector ${called} takes new connections again.`,
      run: () => admin.drainConnector(id, 'resume'),
    });
  };
  return [
    <>
      {confirm}
      {confirmRemoval}
    </>,
    (server) =>
      may('servers.write') ? (
        <div className="flex flex-wrap items-center justify-end gap-1">
          <Button
            small
            tone="quiet"
            onClick={() => (server.drained === undefined ? drain(server) : resume(server))}
          >
            {server.drained === undefined ? 'Drain' : 'Take back'}
            <span className="sr-only"> {foreignText(server.name, 63)}</span>
          </Button>
          {renderRemove(server)}
        </div>
      ) : undefined,
  ];
}
