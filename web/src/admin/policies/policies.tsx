/** Policies in sentences, with the builder beside its YAML, the simulator, and the tests that keep a bad change out. */
import { useMemo, useState } from 'react';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Button } from '../../ui/button.tsx';
import { FoundList } from '../../ui/found-list.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import type { Filter, ListField } from '../../ui/use-found.ts';
import { useListSearch } from '../../ui/use-list-search.ts';
import { EntryButtons } from '../document/entry-buttons.tsx';
import { useDocument } from '../use-document.ts';
import { effectOf, whoOf } from './about.ts';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyLines } from './policy-lines.tsx';
import { Simulator } from './simulator.tsx';
import { useHits, type HitsOf } from './use-hits.ts';
import { PolicyTests } from './policy-tests.tsx';

export function PoliciesPage() {
  const may = useMay();
  const document = useDocument();
  const [{ tab, add, edit }, change] = useListSearch();
  const mayWrite = may('document.write-access');
  const base = document.data;
  const existing = base?.document.policies?.find(({ name }) => name === edit);
  const close = (): void => change({ add: undefined, edit: undefined });
  return (
    <Page
      title="Policies"
      lead="Nobody may use anything until a policy allows it. Their order never matters; a deny or an unmet requirement always wins."
      actions={
        mayWrite ? <AddButton onClick={() => change({ add: 'policy' })}>Add a policy</AddButton> : undefined
      }
    >
      <Tabs
        label="Parts of policies"
        current={tab}
        tabs={[
          { id: undefined, label: 'Policies' },
          ...(may('simulate.read') ? [{ id: 'simulate', label: 'Simulate' }] : []),
          { id: 'tests', label: 'Tests' },
        ]}
      />
      <Loaded what="The policies" query={document}>
        {(found) =>
          tab === 'simulate' && may('simulate.read') ? (
            <Simulator document={found.document} />
          ) : tab === 'tests' ? (
            <PolicyTests base={found} />
          ) : (
            <Policies base={found} />
          )
        }
      </Loaded>
      {mayWrite && base !== undefined && (add === 'policy' || existing !== undefined) ? (
        <PolicyEditor key={edit} base={base} existing={existing} onClose={close} />
      ) : undefined}
    </Page>
  );
}

const pageSize = 100;

function Policies({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const [, change] = useListSearch();
  const hits = useHits();
  const [shown, setShown] = useState(pageSize);
  const filters = useMemo(() => filtersBy(hits), [hits]);
  const policies = base.document.policies ?? none;
  if (policies.length === 0) {
    return (
      <EmptyState title="Nothing is allowed yet">
        <p>A policy says who may use what, and under which conditions.</p>
      </EmptyState>
    );
  }
  const mayWrite = may('document.write-access');
  return (
    <FoundList name="policies" one="policy" rows={policies} fields={fields} filters={filters}>
      {(found) => (
        <div className="overflow-hidden rounded-panel border border-line bg-surface shadow-panel">
          <PolicyLines
            policies={found.slice(0, shown)}
            empty="No policy matches."
            hits={hits}
            {...(mayWrite
              ? {
                  renderActions: (policy: PolicyDocument) => (
                    <span className="ml-auto flex shrink-0 gap-1">
                      <EntryButtons
                        list="policies"
                        name={policy.name}
                        base={base}
                        onChange={() => change({ edit: policy.name })}
                      />
                    </span>
                  ),
                }
              : {})}
          />
          {found.length > shown ? (
            <div className="border-t border-line p-2 text-center">
              <Button tone="quiet" small onClick={() => setShown(shown + pageSize * 4)}>
                Show more
              </Button>
            </div>
          ) : undefined}
        </div>
      )}
    </FoundList>
  );
}

const none: readonly PolicyDocument[] = [];

const fields: readonly ListField<PolicyDocument>[] = [
  { id: 'name', head: 'Name', value: ({ name }) => name },
  { id: 'effect', head: 'Effect', value: effectOf },
  { id: 'who', head: 'Who', value: (policy) => written(whoOf(policy)) },
  { id: 'to', head: 'To', value: ({ to }) => written(to) },
  { id: 'doors', head: 'Doors', value: ({ doors }) => written(doors) },
  { id: 'when', head: 'Conditions', value: ({ when }) => written(when) },
  { id: 'until', head: 'End', value: ({ until }) => until ?? '' },
];

/** As it stands in the document, on one line. */
function written(value: unknown): string {
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** `hits`: how often each decided, once that is known. */
function filtersBy(hits: HitsOf | undefined): readonly Filter<PolicyDocument>[] {
  return [
    {
      id: 'effect',
      label: 'Effect',
      options: [
        { value: 'allow', label: 'Allow' },
        { value: 'deny', label: 'Deny' },
        { value: 'require', label: 'Require' },
      ],
      takes: (policy, effect) => effectOf(policy) === effect,
    },
    {
      id: 'used',
      label: 'Use',
      options: [
        { value: 'yes', label: `Decided in ${hits?.days ?? 30} days` },
        { value: 'no', label: 'Decided nothing' },
      ],
      takes: ({ name }, used) => hits === undefined || hits.has(name) === (used === 'yes'),
    },
  ];
}
