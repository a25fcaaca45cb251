/** The simulator's answer: allowed or not, why, and every policy that had a part in it. */
import { Check, CircleHelp, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { PolicyTrace, Simulation } from '../../../../protocol/simulation.ts';
import { Badge } from '../../ui/badge.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { effectLooks } from './policy-lines.tsx';

export function SimulatedAnswer({ simulation }: { readonly simulation: Simulation }) {
  const { decision, resource, subject, device, session, reasons, withheld, until, policies } = simulation;
  const allowed = decision === 'allow';
  const selected = policies.filter((each): each is Selected => each.state === 'selected');
  const others = policies.length - selected.length;
  const why = [...(withheld === undefined ? [] : [withheld]), ...reasons];
  return (
    <>
      <Notice tone={allowed ? 'good' : 'bad'} title={allowed ? 'Allowed' : 'Refused'}>
        <p>
          <Foreign text={subject.email ?? subject.name} limit={100} className="font-medium" />
          {subject.groups.length === 0 ? ' without a group' : ` (in ${subject.groups.join(', ')})`}{' '}
          {allowed ? 'may use' : 'may not use'}{' '}
          <Foreign text={resource.name} limit={63} className="font-medium" />
          {device === null ? '' : ' on '}
          {device === null ? undefined : <Foreign text={device.name} limit={64} />}
          {until === undefined ? undefined : (
            <>
              , until <Instant instant={until} />
            </>
          )}
          .
        </p>
        {session.basis === 'assumed' ? (
          <p className="mt-1 text-small text-quiet">
            Nobody is signed in to go by: a sign-in with one factor at that moment is assumed.
          </p>
        ) : undefined}
      </Notice>
      <Panel title="Why">
        <ul className="divide-y divide-line">
          {why.map((reason) => (
            <Line key={`${reason.name} ${reason.policy ?? ''}`} met={reason.met} fix={reason.fix}>
              {reason.text}
              {reason.policy === undefined ? undefined : (
                <span className="text-quiet">
                  {' '}
                  (<Foreign text={reason.policy} limit={63} className="font-mono text-note" />)
                </span>
              )}
            </Line>
          ))}
        </ul>
      </Panel>
      <Panel
        title="Policies that had a part in it"
        aside={<span className="text-small text-quiet">{others} others did not</span>}
      >
        {selected.length === 0 ? (
          <p className="px-5 py-4 text-quiet">None.</p>
        ) : (
          <ul className="divide-y divide-line">
            {selected.map((each) => (
              <Traced
                key={each.policy}
                trace={each}
                told={why.filter(({ policy }) => policy === each.policy).map(({ name }) => name)}
              />
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

type Selected = Extract<PolicyTrace, { state: 'selected' }>;

/** @param told reasons of this policy that stand above, with what to do about them */
function Traced({ trace, told }: { readonly trace: Selected; readonly told: readonly string[] }) {
  const { tone, text } = effectLooks[trace.effect];
  return (
    <li className="px-5 py-3">
      <p className="flex flex-wrap items-center gap-2 text-small">
        <Badge tone={tone}>{text}</Badge>
        <Foreign text={trace.policy} limit={63} className="font-mono" />
        {trace.inEffect ? <span className="text-quiet">decided</span> : undefined}
      </p>
      {trace.conditions.length === 0 ? undefined : (
        <ul className="mt-1">
          {trace.conditions.map(({ condition, reason, met, text: said, fix }) => (
            <Line
              key={`${condition} ${reason}`}
              met={met}
              fix={told.includes(reason) ? undefined : fix}
              tight
            >
              {said}
            </Line>
          ))}
        </ul>
      )}
    </li>
  );
}

function Line({
  met,
  fix,
  tight = false,
  children,
}: {
  readonly met: boolean | 'unknown';
  readonly fix: string | undefined;
  readonly tight?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <li className={`flex items-start gap-3 text-small ${tight ? 'py-1' : 'px-5 py-2.5'}`}>
      {met === true ? (
        <Check className="mt-0.5 size-4 shrink-0 text-good" aria-label="Met" />
      ) : met === false ? (
        <X className="mt-0.5 size-4 shrink-0 text-bad" aria-label="Not met" />
      ) : (
        <CircleHelp className="mt-0.5 size-4 shrink-0 text-wait" aria-label="Not known" />
      )}
      <span className="min-w-0">
        {children}
        {fix === undefined || met === true ? undefined : <span className="block text-quiet">{fix}</span>}
      </span>
    </li>
  );
}
