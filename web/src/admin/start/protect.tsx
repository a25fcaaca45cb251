/** The second of the first steps: where something is, whether the connector gets there, and who may use it. */
import { useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import type { TargetTested } from '../../../../protocol/target-test.ts';
import { admin } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { Check, Field, Select } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Failed } from '../document/failed.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { TargetSteps } from '../resources/target-steps.tsx';
import { spokenAt, waysToSpeak } from '../resources/test-target.tsx';
import { trialSuffix, resourceFor } from './resource-for.ts';
import { useChange } from './use-change.ts';
import { takenText, withAccess } from './with-access.ts';

export function Protect({
  document,
  onDone,
}: {
  readonly document: ShownDocument;
  readonly onDone: (resource: string) => void;
}) {
  const networks = (document.networks ?? []).map((each) => each.name);
  const [network, setNetwork] = useState(networks[0] ?? '');
  const [host, setHost] = useState('');
  const [port, setPort] = useState('80');
  const [speak, setSpeak] = useState<(typeof waysToSpeak)[number]['value']>();
  const [named, setName] = useState<string>();
  const [everyone, setEveryone] = useState(true);
  const [browser, setBrowser] = useState(true);
  const spoken = speak ?? spokenAt(Number(port));
  const name = named ?? (/^[a-z]/i.test(host) ? (host.toLowerCase().split('.', 1)[0] ?? '') : '');
  const isTrial = location.hostname === trialSuffix;
  const isWeb = spoken !== 'tcp' && isTrial;
  const entry = resourceFor({
    network,
    host,
    port: Number(port),
    name,
    speak: spoken,
    web: isWeb && browser,
  });
  const test = useMutation({ mutationFn: admin.testTarget });
  const save = useChange((now) => withAccess(now, entry, everyone));
  // What this very step has just saved is no fault of it.
  const taken = save.isIdle || save.isError ? takenText(document, name) : undefined;
  const isWhole = network !== '' && host !== '' && Number(port) >= 1 && Number(port) <= 65_535;
  const run = (): void => test.mutate({ network, target: { host, port: Number(port), speak: spoken } });
  /** What was found was found for what was written then. */
  const anew = (): void => test.reset();
  return (
    <>
      {networks.length < 2 ? undefined : (
        <Select
          label="Network"
          className="max-w-sm"
          value={network}
          options={networks.map((each) => ({ value: each, label: each }))}
          onChange={(event) => {
            setNetwork(event.target.value);
            anew();
          }}
        />
      )}
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_6rem_10rem]">
        <Field
          label="Name or address"
          mono
          placeholder="wiki.acme.internal"
          value={host}
          onChange={(event) => {
            setHost(event.target.value.trim());
            anew();
          }}
        />
        <Field
          label="Port"
          inputMode="numeric"
          value={port}
          onChange={(event) => {
            setPort(event.target.value.replace(/\D/g, ''));
            anew();
          }}
        />
        <Select
          label="As"
          value={spoken}
          options={waysToSpeak}
          onChange={({ target: { value } }) => {
            setSpeak(waysToSpeak.find((way) => way.value === value)?.value);
            anew();
          }}
        />
      </div>
      <div>
        <Button tone="secondary" disabled={!isWhole} busy={test.isPending} onClick={run}>
          Test it from the connector
        </Button>
      </div>
      {test.error === null ? undefined : (
        <Notice tone="bad" title="It could not be tested" live>
          {test.error.message}
        </Notice>
      )}
      {test.data === undefined ? undefined : <Tested tested={test.data} />}
      <Field
        label="Called"
        hint="How people and policies call it."
        className="max-w-sm"
        value={name}
        fault={taken}
        onChange={(event) => setName(event.target.value.toLowerCase())}
      />
      <Check
        label="Everyone who is signed in may use it"
        hint="A policy that you can narrow at any time. Without it nobody may."
        checked={everyone}
        onChange={(event) => setEveryone(event.target.checked)}
      />
      {isWeb ? (
        <Check
          label="Open it in the browser, without a client"
          hint={`At ${name === '' ? 'its name' : name}.${trialSuffix}. The trial’s own authority signs its certificate, so browsers warn once.`}
          checked={browser}
          onChange={(event) => setBrowser(event.target.checked)}
        />
      ) : undefined}
      {save.error === null ? undefined : <Failed error={save.error} />}
      <div className="flex flex-wrap items-center gap-3">
        <Button
          busy={save.isPending}
          disabled={!isWhole || name === '' || taken !== undefined}
          onClick={() => save.mutate(undefined, { onSuccess: () => onDone(entry.name) })}
        >
          Protect it
        </Button>
        {test.data === undefined ? (
          <span className="text-small text-quiet">Test it first to see that the connector gets there.</span>
        ) : undefined}
      </div>
    </>
  );
}

function Tested({ tested }: { readonly tested: TargetTested }) {
  return (
    <>
      <TargetSteps tested={tested} />
      <p role="status" className={tested.ok ? 'text-good' : 'text-bad'}>
        {tested.ok ? 'The connector gets there.' : 'The connector does not get there yet.'}
      </p>
    </>
  );
}
