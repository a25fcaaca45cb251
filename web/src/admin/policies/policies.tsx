/** Policies in sentences, with the builder beside its YAML, the simulator, and the tests that keep a bad change out. */
import { useState } from 'react';
import { Plus } from 'lucide-react';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { useDocument } from '../use-document.ts';
import { effectOf } from './about.ts';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyLines } from './policy-lines.tsx';
import { Simulator } from './simulator.tsx';
import { useHits } from './use-hits.ts';
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
        mayWrite ? (
          <Button onClick={() => change({ add: 'policy' })}>
            <Plus className="size-4" aria-hidden="true" />
            Add a policy
          </Button>
        ) : undefined
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
  const [{ q = '', effect, used }, change] = useListSearch();
  const hits = useHits();
  const [shown, setShown] = useState(pageSize);
  const [review, propose] = useReview();
  const policies = base.document.policies ?? [];
  if (policies.length === 0) {
    return (
      <EmptyState title="Nothing is allowed yet">
        <p>A policy says who may use what, and under which conditions.</p>
      </EmptyState>
    );
  }
  const wanted = q.toLowerCase();
  const found = policies.filter(
    (policy) =>
      (effect === undefined || effectOf(policy) === effect) &&
      (used === undefined || hits === undefined || hits.has(policy.name) === (used === 'yes')) &&
      (wanted === '' || JSON.stringify(policy).toLowerCase().includes(wanted)),
  );
  const mayWrite = may('document.write-access');
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <input
          type="search"
          aria-label="Find policies"
          placeholder="Find by name, group or resource"
          value={q}
          onChange={(event) => change({ q: event.target.value })}
          className="h-9 min-w-48 flex-1 rounded-control border border-line-strong bg-surface px-3 text-small hover:border-quiet sm:max-w-72"
        />
        <select
          aria-label="Effect"
          value={effect ?? ''}
          onChange={(event) => change({ effect: event.target.value })}
          className="h-9 rounded-control border border-line-strong bg-surface px-2 text-small hover:border-quiet"
        >
          <option value="">Effect: any</option>
          <option value="allow">Allow</option>
          <option value="deny">Deny</option>
          <option value="require">Require</option>
        </select>
        <select
          aria-label="Use"
          value={used ?? ''}
          onChange={(event) => change({ used: event.target.value })}
          className="h-9 rounded-control border border-line-strong bg-surface px-2 text-small hover:border-quiet"
        >
          <option value="">Use: any</option>
          <option value="yes">Decided in {hits?.days ?? 30} days</option>
          <option value="no">Decided nothing</option>
        </select>
      </div>
      <Panel
        title="Policies"
        aside={
          <span role="status" className="text-small text-quiet tabular-nums">
            {found.length === policies.length ? policies.length : `${found.length} of ${policies.length}`}
          </span>
        }
      >
        <PolicyLines
          policies={found.slice(0, shown)}
          empty="No policy matches."
          hits={hits}
          {...(mayWrite
            ? {
                renderActions: (policy: PolicyDocument) => (
                  <span className="flex shrink-0 gap-1">
                    <Button small tone="quiet" onClick={() => change({ edit: policy.name })}>
                      Change<span className="sr-only"> {policy.name}</span>
                    </Button>
                    <Button
                      small
                      tone="quiet"
                      onClick={() =>
                        propose({
                          title: `Remove the policy ${policy.name}`,
                          base,
                          next: withEntry(base.document, 'policies', policy.name, undefined),
                        })
                      }
                    >
                      Remove<span className="sr-only"> {policy.name}</span>
                    </Button>
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
      </Panel>
      {review}
    </>
  );
}
