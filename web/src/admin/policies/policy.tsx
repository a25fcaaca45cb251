/** One policy: its sentence, what it speaks of, whom it lets in there, the tests about that, and what became of it. */
import { useMemo, useState } from 'react';
import { useQueries } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { accessQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { AccessList } from '../access-list.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { useOwnRemoval } from '../document/use-removal.tsx';
import { EntityPage } from '../entity-page.tsx';
import { LogList } from '../log/log-list.tsx';
import { useDocument } from '../use-document.ts';
import { effectOf, speaksOf } from './about.ts';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyLines } from './policy-lines.tsx';
import { TestLines } from './test-lines.tsx';
import { useHits } from './use-hits.ts';

const route = getRouteApi('/shell/admin/policies/$name');

export function PolicyPage() {
  const { name } = route.useParams();
  const { tab } = route.useSearch();
  const may = useMay();
  const document = useDocument();
  const [editing, setEditing] = useState(false);
  const [review, remove] = useOwnRemoval('policies');
  const base = document.data;
  const policy = base?.document.policies?.find((each) => each.name === name);
  const letsIn = policy !== undefined && effectOf(policy) === 'allow' && may('simulate.read');
  return (
    <EntityPage
      kind="Policy"
      name={name}
      above={<TextLink to="/admin/policies">Policies</TextLink>}
      query={document}
      find={policy}
      missing={['There is no policy of this name', 'It may have been removed, or renamed in the document.']}
      renderActions={() =>
        may('document.write-access') && base !== undefined ? (
          <>
            <Button tone="secondary" onClick={() => remove(name, base)}>
              Remove
            </Button>
            <Button onClick={() => setEditing(true)}>Change</Button>
          </>
        ) : undefined
      }
      tab={tab}
      tabs={[
        { id: undefined, label: 'Overview' },
        ...(letsIn ? [{ id: 'access', label: 'Who it lets in' }] : []),
        ...(may('audit.read') ? [{ id: 'changes', label: 'Changes' }] : []),
      ]}
    >
      {(found) => (
        <>
          {tab === 'access' && letsIn ? (
            <LetIn policy={found} document={base?.document} />
          ) : tab === 'changes' && may('audit.read') ? (
            <LogList query={{ what: 'document', q: name }} />
          ) : (
            <Overview policy={found} document={base?.document} />
          )}
          {editing && base !== undefined ? (
            <PolicyEditor base={base} existing={found} onClose={() => setEditing(false)} />
          ) : undefined}
          {review}
        </>
      )}
    </EntityPage>
  );
}

interface About {
  readonly policy: PolicyDocument;
  readonly document: ShownDocument | undefined;
}

/** Names of resources that it speaks of. */
function useTargets({ policy, document }: About): string[] {
  return useMemo(
    () =>
      (document?.resources ?? [])
        .filter(({ name, tags = [] }) => speaksOf(policy, { name, tags }))
        .map(({ name }) => name),
    [policy, document],
  );
}

const shownTargets = 100;

function Overview({ policy, document }: About) {
  const hits = useHits();
  const targets = useTargets({ policy, document });
  const tests = (document?.tests ?? []).filter(({ can = [], cannot = [] }) =>
    [...can, ...cannot].some((name) => targets.includes(name)),
  );
  return (
    <>
      <Panel title="What it says">
        <PolicyLines policies={[policy]} hits={hits} empty="" />
      </Panel>
      <Panel
        title="Resources it speaks of"
        aside={<span className="text-small text-quiet tabular-nums">{targets.length}</span>}
      >
        {targets.length === 0 ? (
          <p className="px-5 py-4 text-quiet">None that is there now.</p>
        ) : (
          <ul className="flex flex-wrap gap-x-5 gap-y-2 px-5 py-4 text-small">
            {targets.slice(0, shownTargets).map((name) => (
              <li key={name}>
                <TextLink to="/admin/resources/$name" params={{ name }}>
                  <Foreign text={name} limit={63} />
                </TextLink>
              </li>
            ))}
            {targets.length > shownTargets ? (
              <li className="text-quiet">and {targets.length - shownTargets} more</li>
            ) : undefined}
          </ul>
        )}
      </Panel>
      <Panel title="Tests about them">
        <TestLines tests={tests} empty="No test says who can and cannot use them." />
      </Panel>
    </>
  );
}

/** Each resource is asked about by itself, so not all of very many are. */
const askedTargets = 12;

function LetIn(about: About) {
  const { policy } = about;
  const targets = useTargets(about);
  const answers = useQueries({
    queries: targets.slice(0, askedTargets).map((resource) => accessQuery({ resource })),
  });
  const errors = answers.flatMap(({ error }) => (error === null ? [] : [error]));
  const again = () => answers.forEach(({ refetch }) => void refetch());
  if (errors[0] !== undefined) return <ErrorState what="The access" error={errors[0]} onRetry={again} />;
  if (answers.some(({ data }) => data === undefined)) return <Skeleton what="the access" />;
  const list = answers
    .flatMap(({ data }) => data?.list ?? [])
    .filter(({ policies }) => policies.includes(policy.name));
  const more = answers.reduce((sum, { data }) => sum + (data?.more ?? 0), 0);
  return (
    <>
      {targets.length > askedTargets ? (
        <Notice title={`It speaks of ${targets.length} resources`}>
          Whom it lets in is shown for the first {askedTargets} of them; every resource has its own list.
        </Notice>
      ) : undefined}
      <AccessList access={{ list, more }} of="policy" />
    </>
  );
}
