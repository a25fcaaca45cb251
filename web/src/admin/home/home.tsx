/** Where administrators begin: what is still to be done, what needs attention now, and how it stands. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight, Check, Circle } from 'lucide-react';
import type { Overview } from '../../../../protocol/overview.ts';
import { overviewQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Figure } from '../../ui/figure.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { attentionIn, type Attention } from './attention.ts';
import { Denied } from './denied.tsx';
import { stepsIn, type Step } from './steps.ts';

export function AdminHomePage() {
  const overview = useQuery(overviewQuery);
  return (
    <Page title="Home">
      <Loaded what="The overview" query={overview}>
        {(data) => <Home overview={data} />}
      </Loaded>
    </Page>
  );
}

function Home({ overview }: { readonly overview: Overview }) {
  const steps = stepsIn(overview);
  const attention = attentionIn(overview);
  return (
    <>
      {overview.counts.connectors === 0 || overview.counts.resources === 0 ? <Begin /> : undefined}
      {steps.every(({ done }) => done) ? undefined : <Checklist steps={steps} />}
      <NeedsAttention list={attention} />
      <Numbers overview={overview} />
      <div className="grid gap-6 lg:grid-cols-2">
        <Denied denied={overview.denied} />
        <Expiring list={overview.expiring} />
      </div>
    </>
  );
}

function Begin() {
  const may = useMay();
  if (!may('document.write-network') || !may('document.write-access') || !may('keys.write-servers'))
    return undefined;
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 rounded-panel border border-line bg-surface px-5 py-4 shadow-panel">
      <div className="min-w-0 flex-1 basis-72">
        <h2 className="text-lead font-semibold">Protect your first application</h2>
        <p className="text-quiet text-pretty">
          Connect a network, add something in it, and try saying no: about three minutes.
        </p>
      </div>
      <Link to="/admin/start" className={buttonClass('primary')}>
        Begin
        <ArrowRight className="size-4" aria-hidden="true" />
      </Link>
    </div>
  );
}

function Checklist({ steps }: { readonly steps: readonly Step[] }) {
  const done = steps.filter((step) => step.done).length;
  return (
    <Panel
      title="Set up"
      aside={
        <span className="text-small text-quiet tabular-nums">
          {done} of {steps.length} done
        </span>
      }
    >
      <ol className="divide-y divide-line">
        {steps.map((step) => (
          <li key={step.title} className="flex items-center gap-3 px-5 py-3">
            {step.done ? (
              <Check className="size-5 shrink-0 text-good" aria-label="Done" />
            ) : (
              <Circle className="size-5 shrink-0 text-line-strong" aria-label="To do" />
            )}
            <div className="min-w-0 flex-1">
              <p className={step.done ? 'text-quiet' : 'font-medium'}>{step.title}</p>
              {step.done ? undefined : <p className="text-small text-quiet text-pretty">{step.text}</p>}
            </div>
            {step.done ? undefined : (
              <Link
                to={step.to}
                search={step.search ?? {}}
                className="inline-flex min-h-8 items-center gap-1.5 rounded-control border border-line-strong px-3 text-small font-medium whitespace-nowrap hover:bg-sunken"
              >
                {step.go}
                <ArrowRight className="size-3.5" aria-hidden="true" />
              </Link>
            )}
          </li>
        ))}
      </ol>
      <p className="border-t border-line px-5 py-3 text-small text-quiet text-pretty">
        Before others rely on it, whoever runs the controller sets up{' '}
        <code className="font-mono">postern backup</code>: it writes everything into one file while the
        controller goes on.
      </p>
    </Panel>
  );
}

const dots = { bad: 'bg-bad', wait: 'bg-wait' } as const;

function NeedsAttention({ list }: { readonly list: readonly Attention[] }) {
  return (
    <Panel title="Needs attention">
      {list.length === 0 ? (
        <p className="flex items-center gap-3 px-5 py-4 text-quiet">
          <Check className="size-5 shrink-0 text-good" aria-hidden="true" />
          Nothing. Every network is reached, nothing fails, and nobody waits.
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {list.map(({ tone, text, to, search }) => (
            <li key={text}>
              <Link
                to={to}
                search={search ?? {}}
                className="flex items-center gap-3 px-5 py-3 -outline-offset-2 hover:bg-sunken"
              >
                <span className={`size-2 shrink-0 rounded-full ${dots[tone]}`} aria-hidden="true" />
                <span className="min-w-0 flex-1">
                  <Foreign text={text} limit={200} />
                </span>
                <ArrowRight className="size-4 shrink-0 text-quiet" aria-hidden="true" />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Numbers({ overview: { counts } }: { readonly overview: Overview }) {
  const numbers = [
    { label: 'People', value: counts.people, about: `${counts.sessions} sessions open`, to: '/admin/people' },
    {
      label: 'Devices',
      value: counts.devices,
      about: `${counts.devicesOnline} connected now`,
      to: '/admin/devices',
    },
    {
      label: 'Resources',
      value: counts.resources,
      about: `${counts.policies} policies`,
      to: '/admin/resources',
    },
    {
      label: 'Connectors',
      value: counts.connectors,
      about: `${counts.connectorsOnline} connected now`,
      to: '/admin/networks',
    },
  ];
  return (
    <section aria-label="How it stands">
      <ul className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        {numbers.map((figure) => (
          <li key={figure.label}>
            <Figure {...figure} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Expiring({ list }: { readonly list: Overview['expiring'] }) {
  return (
    <Panel title="Ends within two weeks">
      {list.length === 0 ? (
        <p className="px-5 py-4 text-quiet">No certificate, key, token or policy.</p>
      ) : (
        <ul className="divide-y divide-line">
          {list.map(({ kind, name, at }) => (
            <li
              key={`${kind} ${name} ${at}`}
              className="flex flex-wrap items-baseline justify-between gap-x-3 gap-y-0.5 px-5 py-2.5 text-small sm:flex-nowrap"
            >
              <span className="shrink-0 text-quiet sm:w-28">{kind}</span>
              <Foreign
                text={name}
                limit={80}
                className="min-w-0 font-medium max-sm:order-last max-sm:w-full sm:flex-1"
              />
              <Instant instant={at} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
