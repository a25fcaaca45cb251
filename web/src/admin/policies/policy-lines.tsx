/** Policies as sentences, one below the other. */
import type { ReactNode } from 'react';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { Badge } from '../../ui/badge.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { effectOf, type Effect } from './about.ts';
import { Sentence } from './sentence.tsx';

export const effectLooks: Readonly<
  Record<Effect, { readonly tone: 'good' | 'bad' | 'wait'; readonly text: string }>
> = {
  allow: { tone: 'good', text: 'Allow' },
  deny: { tone: 'bad', text: 'Deny' },
  require: { tone: 'wait', text: 'Require' },
};

export function PolicyLines({
  policies,
  empty,
  renderActions,
}: {
  readonly policies: readonly PolicyDocument[];
  readonly empty: string;
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
              </p>
            </div>
            {renderActions?.(policy)}
          </li>
        );
      })}
    </ul>
  );
}
