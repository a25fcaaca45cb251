/** Policies as sentences, one below the other. */
import type { ReactNode } from 'react';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { Badge } from '../../ui/badge.tsx';
import { counted } from '../../ui/counted.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { effectOf, type Effect } from './about.ts';
import { Sentence } from './sentence.tsx';
import type { Hit, HitsOf } from './use-hits.ts';

export const effectLooks: Readonly<
  Record<Effect, { readonly tone: 'good' | 'bad' | 'wait'; readonly text: string }>
> = {
  allow: { tone: 'good', text: 'Allow' },
  deny: { tone: 'bad', text: 'Deny' },
  require: { tone: 'wait', text: 'Require' },
};

/** ` · 12 connections, 3 refusals in 30 days, last 2 hr. ago` */
function Hits({ hit, days }: { readonly hit: Hit | undefined; readonly days: number }) {
  const { opened = 0, refused = 0, last } = hit ?? {};
  const parts = [
    ...(opened === 0 ? [] : [counted(opened, 'connection')]),
    ...(refused === 0 ? [] : [counted(refused, 'refusal')]),
  ];
  return (
    <span>
      {' · '}
      {parts.length === 0 ? 'nothing' : parts.join(', ')} in {days} days
      {parts.length === 0 || last === undefined ? undefined : (
        <>
          , last <Ago instant={last} />
        </>
      )}
    </span>
  );
}

export function PolicyLines({
  policies,
  empty,
  hits,
  renderActions,
}: {
  readonly policies: readonly PolicyDocument[];
  readonly empty: string;
  /** How often each decided of late; absent while it is not known. */
  readonly hits?: HitsOf | undefined;
  readonly renderActions?: (policy: PolicyDocument) => ReactNode;
}) {
  if (policies.length === 0) return <p className="px-5 py-4 text-quiet">{empty}</p>;
  return (
    <ul className="divide-y divide-line">
      {policies.map((policy) => {
        const { tone, text } = effectLooks[effectOf(policy)];
        return (
          <li
            key={policy.name}
            className="flex flex-wrap items-start gap-x-4 gap-y-1.5 px-5 py-3 sm:flex-nowrap"
          >
            <span className="w-18 shrink-0">
              <Badge tone={tone}>{text}</Badge>
            </span>
            <div className="min-w-0 flex-1 basis-64">
              <p className="text-body first-letter:uppercase">
                <Sentence policy={policy} />
              </p>
              <p className="text-note text-quiet">
                <Foreign text={policy.name} limit={63} className="font-mono" />
                {hits === undefined ? undefined : <Hits hit={hits.of(policy.name)} days={hits.days} />}
              </p>
            </div>
            {renderActions?.(policy)}
          </li>
        );
      })}
    </ul>
  );
}
