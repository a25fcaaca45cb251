/** Adds a relay: its name and address, then one text to copy, and the relay's steps as they happen. */
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { keysQuery, relaysQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Sections } from '../../ui/sections.tsx';
import { StepList, type ShownStep } from '../../ui/step-list.tsx';
import type { MadeKey } from './connecting.tsx';
import { addressFault, relayDockerText, relayShellText } from './relay-texts.ts';

const quickMs = 1_000;

export function AddRelay({ onClose }: { readonly onClose: () => void }) {
  const known = useQuery(relaysQuery);
  const [name, setName] = useState('relay-2');
  const [address, setAddress] = useState('');
  const make = useMutation({ mutationFn: () => admin.makeKey({ purpose: 'relay', name }) });
  const isTaken = known.data?.some((relay) => relay.name === name) === true;
  const fault = address === '' ? undefined : addressFault(address);
  const url = fault === undefined ? URL.parse(address) : null;
  return (
    <Drawer
      title="Add a relay"
      lead="It joins devices and connectors and can read nothing of what it passes. With two, nothing ends when one does."
      onClose={onClose}
      foot={
        make.data === undefined ? (
          <>
            <Button tone="secondary" onClick={onClose}>
              Cancel
            </Button>
            <Button
              busy={make.isPending}
              disabled={name === '' || isTaken || url === null}
              onClick={() => make.mutate()}
            >
              Make its key
            </Button>
          </>
        ) : undefined
      }
    >
      {make.data === undefined || url === null ? (
        <>
          <Field
            label="Name"
            hint="Small letters, digits and hyphens."
            value={name}
            fault={isTaken ? `There is a relay called ${name} already.` : undefined}
            onChange={(event) => setName(event.target.value.toLowerCase().trim())}
          />
          <Field
            label="Its address"
            mono
            placeholder="https://relay2.acme.example:8444"
            hint="How devices, browsers and connectors reach it. The controller issues its certificate."
            value={address}
            fault={fault}
            onChange={(event) => setAddress(event.target.value.trim())}
          />
          {make.error === null ? undefined : (
            <Notice tone="bad" title="The key could not be made" live>
              {make.error.message}
            </Notice>
          )}
        </>
      ) : (
        <Started name={name} url={url} made={make.data} onClose={onClose} />
      )}
    </Drawer>
  );
}

function Started({
  name,
  url,
  made,
  onClose,
}: {
  readonly name: string;
  readonly url: URL;
  readonly made: MadeKey;
  readonly onClose: () => void;
}) {
  const [way, setWay] = useState('shell');
  const [image, setImage] = useState('postern:local');
  const keys = useQuery({ ...keysQuery, refetchInterval: quickMs });
  const relays = useQuery({ ...relaysQuery, refetchInterval: quickMs });
  const found = relays.data?.find((relay) => relay.name === name);
  const key = keys.data?.find(({ id }) => id === made.id);
  const used = found !== undefined || (keys.data !== undefined && (key === undefined || key.usesLeft === 0));
  const done = [used, found?.online === true];
  const steps = ['The line was run and the key used', 'Connected to the controller'].map(
    (text, index): ShownStep => ({
      id: text,
      text,
      state: done[index] === true ? 'done' : index === done.indexOf(false) ? 'now' : 'later',
    }),
  );
  const started = { key: made.key, url, controller: location.origin, image };
  return (
    <>
      <p className="text-pretty">
        Run this on the machine that answers at <b className="font-semibold">{url.host}</b>. The key works
        once, within a day, and is shown only now.
      </p>
      <Sections
        label="Ways to run it"
        sections={[
          { id: 'shell', label: 'Shell' },
          // Without TLS it listens on its own machine alone, so in a container nobody would reach it.
          ...(url.protocol === 'https:' ? [{ id: 'docker', label: 'Docker' }] : []),
        ]}
        chosen={way}
        onChange={setWay}
      >
        {way === 'docker' ? (
          <Field
            label="Image"
            mono
            className="max-w-sm"
            hint="Built on that machine in the folder of Postern: docker build -t postern:local ."
            value={image}
            onChange={(event) => setImage(event.target.value.trim())}
          />
        ) : undefined}
        <CodeBlock
          what="The line to run"
          text={way === 'docker' ? relayDockerText(started) : relayShellText(started)}
        />
      </Sections>
      <StepList label="Steps" steps={steps} />
      {found?.online === true ? (
        <Notice tone="good" title={`${name} is connected`} live>
          <p className="mb-3">Devices and connectors have heard of it and attach to it by themselves.</p>
          <Button onClick={onClose}>Done</Button>
        </Notice>
      ) : undefined}
    </>
  );
}
