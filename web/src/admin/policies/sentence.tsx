/** A policy in a sentence, as a person would say it. */
import type { ReactNode } from 'react';
import type { ConditionsDocument, PolicyDocument } from '../../../../protocol/policy-document.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { effectOf, whoOf } from './about.ts';
import { conditionTexts } from './condition-texts.ts';

export function Sentence({ policy }: { readonly policy: PolicyDocument }) {
  const effect = effectOf(policy);
  const who = <Who who={whoOf(policy)} />;
  const about = <About policy={policy} />;
  const doors = doorText(policy.doors);
  return (
    <span className="text-pretty wrap-anywhere">
      {effect === 'allow' ? (
        <>
          {who} may {about}
        </>
      ) : effect === 'deny' ? (
        <>
          {whoOf(policy) === 'everyone' ? (
            <>
              <b className="font-semibold">nobody</b> may
            </>
          ) : (
            <>{who} may not</>
          )}{' '}
          {about}
        </>
      ) : (
        <>
          To {about}, {who} must meet this
        </>
      )}
      {doors}
      {policy.from === undefined ? undefined : (
        <>
          , from <Instant instant={policy.from} />
        </>
      )}
      {policy.until === undefined ? undefined : (
        <>
          , until <Instant instant={policy.until} />
        </>
      )}
      {policy.when === undefined ? undefined : (
        <>
          {effect === 'require' ? ': ' : ', when '}
          <When when={policy.when} />
        </>
      )}
      {policy.waives === undefined ? undefined : (
        <>
          , without having to meet <Names names={policy.waives} />
        </>
      )}
      .
    </span>
  );
}

function doorText(doors: PolicyDocument['doors']): string {
  if (doors === undefined || doors.length > 1) return '';
  return doors[0] === 'web' ? ' in the browser' : ' with the client';
}

function Who({ who }: { readonly who: ReturnType<typeof whoOf> }) {
  if (who === 'everyone') return <b className="font-semibold">everyone</b>;
  const parts: ReactNode[] = [];
  if (who.groups !== undefined)
    parts.push(
      <span key="groups">
        {who.groups.length === 1 ? 'the group ' : 'the groups '}
        <Names names={who.groups} />
      </span>,
    );
  if (who.people !== undefined) parts.push(<Names key="people" names={who.people} />);
  if (who.serviceAccounts !== undefined)
    parts.push(
      <span key="accounts">
        {who.serviceAccounts.length === 1 ? 'the service account ' : 'the service accounts '}
        <Names names={who.serviceAccounts} />
      </span>,
    );
  if (who.guests !== undefined)
    parts.push(
      <span key="guests">
        {who.guests.length === 1 ? 'the guest ' : 'the guests '}
        <Names names={who.guests} />
      </span>,
    );
  if (parts.length === 0) return <b className="font-semibold">nobody</b>;
  return <Joined parts={parts} />;
}

/** What it lets somebody do, or not: use things, expose ports of their own machine, or both. */
function About({ policy }: { readonly policy: PolicyDocument }) {
  const { to, mayExpose } = policy;
  const exposing = <b className="font-semibold">expose ports of their own machine</b>;
  const isAboutNothing = to !== 'everything' && to?.resources === undefined && to?.tags === undefined;
  if (mayExpose === true && isAboutNothing) return exposing;
  return (
    <>
      use <To to={to ?? {}} all={effectOf(policy) === 'deny' ? 'anything' : 'everything'} />
      {mayExpose === true ? <> and {exposing}</> : undefined}
    </>
  );
}

function To({
  to,
  all,
}: {
  readonly to: NonNullable<PolicyDocument['to']>;
  /** What every resource is called in the sentence. */
  readonly all: string;
}) {
  if (to === 'everything') return <b className="font-semibold">{all}</b>;
  const parts: ReactNode[] = [];
  if (to.resources !== undefined) parts.push(<Names key="resources" names={to.resources} />);
  if (to.tags !== undefined)
    parts.push(
      <span key="tags">
        what is tagged <Names names={to.tags} />
      </span>,
    );
  return parts.length === 0 ? <b className="font-semibold">nothing</b> : <Joined parts={parts} />;
}

function Names({ names }: { readonly names: readonly string[] }) {
  const most = 6;
  return (
    <b className="font-semibold">
      <Foreign
        text={
          names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '')
        }
        limit={300}
      />
    </b>
  );
}

function Joined({ parts }: { readonly parts: readonly ReactNode[] }) {
  return parts.map((part, index) => (
    // The parts of one sentence stay in their order.
    // oxlint-disable-next-line react/no-array-index-key
    <span key={index}>
      {index === 0 ? '' : ' and '}
      {part}
    </span>
  ));
}

function When({ when }: { readonly when: ConditionsDocument }) {
  return conditionTexts(when).join(', ');
}
