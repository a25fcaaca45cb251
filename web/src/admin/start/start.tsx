/** From an empty organisation to a protected application: three steps, one after the other, each with what it found. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import { connectorsQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { useDocument } from '../use-document.ts';
import { ConnectNetwork } from './connect-network.tsx';
import { Protect } from './protect.tsx';
import { SayNo } from './say-no.tsx';
import { Step } from './step.tsx';

export function StartPage() {
  const may = useMay();
  const document = useDocument();
  const connectors = useQuery(connectorsQuery);
  const both =
    document.data === undefined || connectors.data === undefined
      ? undefined
      : { document: document.data.document, connectors: connectors.data };
  const isMine = may('document.write-network') && may('document.write-access') && may('keys.write-servers');
  return (
    <Page
      title="First steps"
      lead="From nothing to an application that only those may use whom you allow: about three minutes."
    >
      {isMine ? (
        <Loaded
          what="What is there already"
          query={{
            data: both,
            error: document.error ?? connectors.error,
            refetch: () => Promise.all([document.refetch(), connectors.refetch()]),
          }}
        >
          {(found) => <Steps {...found} />}
        </Loaded>
      ) : (
        <Notice title="This is for owners and admins">
          Your role covers a part of it alone; you find that part in the bar.
        </Notice>
      )}
    </Page>
  );
}

function Steps({
  document,
  connectors,
}: {
  readonly document: ShownDocument;
  readonly connectors: readonly ServerEntry[];
}) {
  const { networks = [], resources = [], policies = [] } = document;
  // What was there when the page was opened is done; what comes meanwhile is gone on from by its own button.
  const [connected, setConnected] = useState(() => connectors.find(({ online }) => online)?.network);
  const [resource, setResource] = useState(() => (policies.length > 0 ? resources[0]?.name : undefined));
  const [done, setDone] = useState(false);
  const [first] = useState(networks[0]?.name);
  const [organisation] = useState(document.organisation);
  return (
    <ol className="rounded-panel border border-line bg-surface shadow-panel" aria-label="First steps">
      <Step
        number={1}
        title="Connect a network"
        lead="A connector runs on any machine inside it and dials out. No port has to be opened."
        state={connected === undefined ? 'now' : 'done'}
        summary={`${connected ?? ''} is connected.`}
      >
        <ConnectNetwork
          organisation={organisation}
          first={first}
          connectors={connectors.map(({ id }) => id)}
          onConnected={setConnected}
        />
      </Step>
      <Step
        number={2}
        title="Add something to protect"
        lead="A web application, a database, a machine to log in to: whatever the connector can reach."
        state={resource !== undefined ? 'done' : connected === undefined ? 'later' : 'now'}
        summary={`${resource ?? ''} is protected.`}
      >
        <Protect document={document} onDone={setResource} />
      </Step>
      <Step
        number={3}
        title="Try saying no"
        lead="Take it away from yourself, look at what people read then, and give it back."
        state={done ? 'done' : resource === undefined || connected === undefined ? 'later' : 'now'}
        summary="You have seen both answers."
      >
        {resource === undefined ? undefined : (
          <SayNo resource={resource} document={document} onDone={() => setDone(true)} />
        )}
      </Step>
      {done ? (
        <li className="flex flex-wrap items-center gap-3 px-5 py-5">
          <Link to="/admin" className={buttonClass('primary')}>
            Go to the dashboard
          </Link>
          <Link to="/" className={buttonClass('secondary')}>
            See what people see
          </Link>
        </li>
      ) : undefined}
    </ol>
  );
}
