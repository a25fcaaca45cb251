/** How the organisation works: who can sign in and for how long, which devices wait, and the keys by which things join. */
import { useQuery } from '@tanstack/react-query';
import { keysQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Page } from '../../ui/page.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useDocument } from '../use-document.ts';
import { Keys } from './keys.tsx';
import { MailSettings } from './mail.tsx';
import { Providers } from './providers.tsx';
import { SessionSettings } from './session-settings.tsx';
import { WholeDocument } from './whole-document.tsx';

export function SettingsPage() {
  const may = useMay();
  const document = useDocument();
  const keys = useQuery({ ...keysQuery, enabled: may('keys.read') });
  const [{ tab }] = useListSearch();
  return (
    <Page title="Settings">
      <Tabs
        label="Parts of the settings"
        current={tab}
        tabs={[
          { id: undefined, label: 'Sign-in' },
          { id: 'sessions', label: 'Sessions and devices' },
          ...(may('keys.read') ? [{ id: 'keys', label: 'Enrolment keys' }] : []),
          ...(may('mail.read') ? [{ id: 'mail', label: 'Mail' }] : []),
          { id: 'document', label: 'As one file' },
        ]}
      />
      {tab === 'keys' && may('keys.read') ? (
        <Loaded what="The keys" query={keys}>
          {(list) => <Keys keys={list} />}
        </Loaded>
      ) : tab === 'mail' && may('mail.read') ? (
        <MailSettings />
      ) : (
        <Loaded what="The settings" query={document}>
          {(base) =>
            tab === 'sessions' ? (
              <SessionSettings key={base.revision} base={base} />
            ) : tab === 'document' ? (
              <WholeDocument key={base.revision} base={base} />
            ) : (
              <Providers base={base} />
            )
          }
        </Loaded>
      )}
    </Page>
  );
}
