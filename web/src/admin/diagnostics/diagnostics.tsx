/** What runs and in which version, how far away the records are, what ends, what went wrong last; and who reaches what. */
import { useQuery } from '@tanstack/react-query';
import { diagnosticsQuery } from '../../admin-queries.ts';
import { Button } from '../../ui/button.tsx';
import { Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Reach } from './reach.tsx';
import { WhatRuns } from './what-runs.tsx';

export function DiagnosticsPage() {
  const [{ tab }] = useListSearch();
  const found = useQuery(diagnosticsQuery);
  return (
    <Page
      title="Diagnostics"
      lead="Where to look first when something does not work."
      actions={
        tab === undefined ? (
          <Button tone="secondary" busy={found.isFetching} onClick={() => void found.refetch()}>
            Measure again
          </Button>
        ) : undefined
      }
    >
      <Tabs
        label="Parts of diagnostics"
        current={tab}
        tabs={[
          { id: undefined, label: 'What runs' },
          { id: 'reach', label: 'Who reaches what' },
        ]}
      />
      {tab === 'reach' ? (
        <Reach />
      ) : (
        <Loaded what="The diagnostics" query={found}>
          {(all) => <WhatRuns all={all} />}
        </Loaded>
      )}
    </Page>
  );
}
