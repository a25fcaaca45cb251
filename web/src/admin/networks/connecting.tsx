/** One line to copy, and the steps of the connector that it starts, as they happen; says what failed where that is known. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { AuditRow } from '../../../../protocol/inventory.ts';
import { connectorsQuery, keysQuery, logQuery, relaysQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { StepList, type ShownStep } from '../../ui/step-list.tsx';
import { ConnectorWays } from './connector-ways.tsx';

const quickMs = 1_000;

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

export function Connecting({
  network,
  made,
  steps,
}: {
  readonly network: string;
  readonly made: MadeKey;
  readonly steps: readonly ShownStep[];
}) {
  return (
    <>
      <div className="grid gap-2">
        <p className="text-pretty">
          Run this on a machine in <b className="font-semibold">{network}</b>. The key works once, within a
          day, and is shown only now.
        </p>
        <ConnectorWays apiKey={made.key} />
      </div>
      <StepList label="Steps" steps={steps} />
    </>
  );
}

/** How far the connector of a new key has come; `connected` once it answers and people can reach it through a relay. */
export function useConnecting({
  network,
  made,
  before,
}: {
  readonly network: string;
  readonly made: MadeKey | undefined;
  /** Connectors that were there already. */
  readonly before: readonly string[];
}): { readonly steps: readonly ShownStep[]; readonly connected: boolean } {
  const may = useMay();
  // By the controller's clock; a key that is used up may be gone from the list.
  const [since, setSince] = useState<string>();
  const enabled = made !== undefined;
  const keys = useQuery({ ...keysQuery, refetchInterval: quickMs, enabled });
  const connectors = useQuery({ ...connectorsQuery, refetchInterval: quickMs, enabled });
  const relays = useQuery({ ...relaysQuery, refetchInterval: quickMs, enabled });
  const found = connectors.data?.find((each) => each.network === network && !before.includes(each.id));
  const key = keys.data?.find(({ id }) => id === made?.id);
  if (since === undefined && key !== undefined) setSince(key.created);
  const refusals = useQuery({
    ...logQuery({ what: 'connector.enrol', result: 'refused', since, last: '1' }),
    refetchInterval: quickMs,
    enabled: since !== undefined && may('audit.read'),
  });
  const used = found !== undefined || (keys.data !== undefined && (key === undefined || key.usesLeft === 0));
  const relayed = relays.data?.some(({ online }) => online) === true;
  const refused = found === undefined ? refusals.data?.entries.at(-1) : undefined;
  const done = [used, found !== undefined, found?.online === true, found?.online === true && relayed];
  const current = done.indexOf(false);
  const failures: readonly (string | undefined)[] = [
    refused === undefined ? undefined : refusedText(refused),
    undefined,
    found === undefined || found.online
      ? undefined
      : 'It joined and is gone again. Look at what it prints, and start the line again: it keeps its enrolment.',
    relays.data === undefined || relayed
      ? undefined
      : 'No relay is connected, so nobody could reach it. Start one: postern relay, or the controller with --roles controller,relay.',
  ];
  const texts = [
    'The line was run and the key used',
    found === undefined ? (
      'The connector joined'
    ) : (
      <>
        The connector <Foreign text={found.name} limit={64} /> joined
      </>
    ),
    'Connected to the controller, and answering',
    'Reachable through a relay',
  ];
  const steps = texts.map((text, index): ShownStep => {
    const failure = index === current ? failures[index] : undefined;
    return {
      id: String(index),
      text,
      state: done[index] ? 'done' : index !== current ? 'later' : failure === undefined ? 'now' : 'failed',
      ...(failure === undefined ? {} : { about: failure }),
    };
  });
  return { steps, connected: current < 0 };
}

function refusedText({ who, detail }: AuditRow): string {
  const name = (detail as { name?: unknown }).name;
  const called = typeof name === 'string' ? ` called ${foreignText(name, 64)}` : '';
  return `A connector${called} came (${foreignText(who, 64)}) with a key that is unknown, used up or expired. Copy the line again, whole.`;
}
