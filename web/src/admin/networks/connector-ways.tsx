/** The text that starts a connector, in the way that its machine is run. */
import { useState } from 'react';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Sections } from '../../ui/sections.tsx';
import { trialSuffix } from '../start/resource-for.ts';
import { connectorText, ways, type Way } from './connector-texts.ts';

const about: Readonly<Record<Way, string>> = {
  shell: 'Where postern is installed. It goes on as long as the shell does.',
  docker: 'It comes back when the machine does, and keeps its own key in the volume postern-connector.',
  compose:
    'As compose.yml, then: docker compose up -d. It keeps its own key in the volume postern-connector.',
  systemd:
    'On a machine where postern lies in /usr/local/bin, in a folder that everybody may read. It runs as a user of its own and comes back when the machine does.',
  kubernetes: 'Into the namespace that kubectl is set to. It keeps its own key in a volume of 100 MiB.',
};

export function ConnectorWays({ apiKey }: { readonly apiKey: string }) {
  const [way, setWay] = useState<Way>('shell');
  const [image, setImage] = useState('postern:local');
  const isTrial = location.hostname === trialSuffix;
  const isContainer = ways.find(({ id }) => id === way)?.isContainer === true;
  return (
    <Sections label="Ways to run it" sections={ways} chosen={way} onChange={(id) => setWay(id as Way)}>
      <p className="text-small text-quiet text-pretty">{about[way]}</p>
      {isContainer ? (
        <Field
          label="Image"
          mono
          className="max-w-sm"
          hint={
            way === 'kubernetes'
              ? 'Built in the folder of Postern by docker build, as it is called in a registry that the cluster reads.'
              : 'Built on that machine in the folder of Postern: docker build -t postern:local .'
          }
          value={image}
          onChange={(event) => setImage(event.target.value.trim())}
        />
      ) : undefined}
      {way === 'kubernetes' && isTrial ? (
        <Notice title="A cluster does not reach this controller">
          It is a trial that listens on its own machine alone. Start it with --public-url first.
        </Notice>
      ) : (
        <CodeBlock what="The line to run" text={connectorText(way, { key: apiKey, image, isTrial })} />
      )}
    </Sections>
  );
}
