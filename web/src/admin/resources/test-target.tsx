/** In the form of a resource: has a connector of its network try what is written there, before it is saved. */
import { useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import type { Target } from '../../../../protocol/target-test.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { TargetSteps } from './target-steps.tsx';

/** The first TCP port of a resource; undefined where it has none. */
function firstPort(ports: readonly string[] = []): number | undefined {
  for (const port of ports) {
    const match = /^tcp\/(\d{1,5})/.exec(port);
    if (match !== null) return Number(match[1]);
  }
  return undefined;
}

const webPorts: ReadonlySet<number> = new Set([80, 3000, 5000, 8000, 8080, 8888]);
const tlsPorts: ReadonlySet<number> = new Set([443, 8443]);

/** What most likely answers at a port. */
export function spokenAt(port: number): Target['speak'] {
  return tlsPorts.has(port) ? 'https' : webPorts.has(port) ? 'http' : 'tcp';
}

export const waysToSpeak: readonly { readonly value: Target['speak']; readonly label: string }[] = [
  { value: 'tcp', label: 'A TCP connection' },
  { value: 'http', label: 'HTTP' },
  { value: 'https', label: 'HTTPS' },
];

export function TestTarget({
  entry,
  onTested,
}: {
  readonly entry: ResourceDocument;
  readonly onTested?: () => void;
}) {
  const may = useMay();
  const { network, ports, within } = entry;
  const address = entry.address ?? '';
  const wildcard = address.startsWith('*.');
  const [below, setBelow] = useState('');
  const [chosenPort, setPort] = useState<string>();
  const [chosen, setSpeak] = useState<Target['speak']>();
  const test = useMutation({ mutationFn: admin.testTarget, onSettled: () => onTested?.() });
  const port = Number(chosenPort ?? firstPort(ports) ?? Number.NaN);
  const speak = chosen ?? spokenAt(port);
  const host = wildcard ? below : address;
  const isWhole = network !== '' && host !== '' && !host.includes('/') && port >= 1 && port <= 65_535;
  if (!may('document.write-network')) return undefined;
  const run = (): void =>
    test.mutate({
      network,
      target: {
        host,
        port,
        speak,
        ...(wildcard ? { wildcard: address, ...(within === undefined ? {} : { within }) } : {}),
      },
    });
  return (
    <fieldset className="grid gap-3 rounded-control border border-line px-4 pt-2 pb-4">
      <legend className="px-1 text-small font-medium">Test it from the connector</legend>
      {wildcard ? (
        <Field
          label="A name below the wildcard"
          mono
          placeholder={`db1${address.slice(1)}`}
          value={below}
          onChange={(event) => setBelow(event.target.value.trim())}
        />
      ) : undefined}
      <div className="grid gap-3 sm:grid-cols-[6rem_minmax(0,1fr)_auto] sm:items-end">
        <Field
          label="Port to try"
          inputMode="numeric"
          value={chosenPort ?? firstPort(ports)?.toString() ?? ''}
          onChange={(event) => setPort(event.target.value.replace(/\D/g, ''))}
        />
        <Select
          label="As"
          value={speak}
          options={waysToSpeak}
          onChange={({ target: { value } }) =>
            setSpeak(waysToSpeak.find((way) => way.value === value)?.value)
          }
        />
        <Button tone="secondary" disabled={!isWhole} busy={test.isPending} onClick={run}>
          Test
        </Button>
      </div>
      {test.error === null ? undefined : (
        <Notice tone="bad" title="It could not be tested" live>
          {test.error.message}
        </Notice>
      )}
      {test.data === undefined ? undefined : <TargetSteps tested={test.data} />}
    </fieldset>
  );
}
