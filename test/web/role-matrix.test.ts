/** What each role finds on the pages: every control that the API would take from it, and none that it would refuse. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { actionsOf, roles, type Action, type Role } from '../../protocol/roles.ts';
import { startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';

const dashboard = await startDashboard({ after });
const { ask, portal, busy } = dashboard;

const go = (path: string, on: Page) => dashboard.go(on, path);

/** A control, and the action without which the API refuses what it does. */
const controls: readonly (readonly [address: string, control: string | RegExp, needs: Action])[] = [
  ['/admin/resources/wiki', 'Change', 'document.write-network'],
  ['/admin/resources/wiki', 'Test', 'document.write-network'],
  ['/admin/networks/hq', 'Remove', 'document.write-network'],
  ['/admin/networks/hq', 'Remove hq-1', 'servers.write'],
  ['/admin/networks', 'Add a connector', 'keys.write-servers'],
  ['/admin/posture', 'Add a source', 'document.write-access'],
  ['/admin/devices', /^Approve/, 'devices.write'],
  ['/admin/sessions', /^Cut the session of person1@/, 'sessions.end'],
  [`/admin/people/OTHER`, 'Disable', 'people.write'],
  ['/admin/settings', 'Add a provider', 'document.write-sign-in'],
  ['/admin/settings', /^Try it with corp/, 'document.write-sign-in'],
  ['/admin/settings', 'Make a token for the directory of corp', 'directories.write-tokens'],
  ['/admin/settings?tab=administrators', 'Add an administrator', 'administrators.write'],
  ['/admin/settings?tab=tokens', 'Make a token', 'tokens.write'],
  ['/admin/settings?tab=notifications', 'Test chat', 'webhooks.test'],
  ['/admin/settings?tab=notifications', 'Change chat', 'document.write-access'],
  ['/admin/networks?tab=connectors', 'Add a connector', 'keys.write-servers'],
  ['/admin/networks?tab=connectors', 'Remove hq-1', 'servers.write'],
  ['/admin/networks?tab=connectors', 'Drain hq-1', 'servers.write'],
  ['/admin/networks?tab=connectors', 'Take back lab-1', 'servers.write'],
  ['/admin/networks?tab=relays', 'Add a relay', 'keys.write-servers'],
  ['/admin/networks?tab=relays', 'Remove relay-1', 'servers.write'],
  ['/admin/people?tab=groups', 'Add it', 'document.write-access'],
  ['/admin/people?tab=service-accounts', 'Add a service account', 'document.write-access'],
  ['/admin/people?tab=passes', 'Make a service token', 'passes.write'],
  ['/admin/people?tab=passes', 'Revoke the service token nightly of ci', 'passes.write'],
  ['/admin/people/OTHER', 'Sign out everywhere', 'sessions.end'],
  ['/admin/devices/DEVICE', 'Block', 'devices.write'],
  ['/admin/devices/DEVICE', 'Forget', 'devices.write'],
  ['/admin/resources', 'Add a resource', 'document.write-network'],
  ['/admin/policies', 'Add a policy', 'document.write-access'],
  ['/admin/policies', 'Remove staff-wiki', 'document.write-access'],
  ['/admin/policies?tab=tests', 'See what it would do', 'document.write-access'],
  ['/admin/posture', 'Add a profile', 'document.write-access'],
  [
    '/admin/map?edge=policies%3Astaff-wiki%7Cresources%3Awiki',
    'Change the policy staff-wiki',
    'document.write-access',
  ],
  ['/admin/settings?tab=sessions', 'See what it would do', 'document.write-sign-in'],
  ['/admin/settings?tab=mail', 'Send', 'mail.test'],
  ['/admin/settings?tab=keys', 'Delete the key for lab', 'keys.write-servers'],
  ['/admin/settings?tab=keys', 'Delete the key for ci', 'keys.write-services'],
  ['/admin/settings?tab=requests', 'Add a rule', 'document.write-access'],
  ['/admin/settings?tab=document', 'See what it would do', 'document.write-sign-in'],
];

test('the role matrix as the pages show it: each control is there for those who may, for nobody else, and no page asks for more', async () => {
  const other = await signInAs(portal, 'somebody', undefined);
  const found: string[] = [];
  const look = async (role: Role): Promise<void> => {
    const { cookie } = await signInAs(portal, `the-${role}`, role);
    const opened = await dashboard.open({ cookie });
    let at = '';
    for (const [path, control, needs] of controls) {
      const address = path.replace('OTHER', other.person).replace('DEVICE', busy.device);
      if (address !== at) await go((at = address), opened.page);
      const button = opened.page.getByRole('button', { name: control, exact: true });
      const link = opened.page.getByRole('link', { name: control, exact: true });
      const isThere = (await button.count()) + (await link.count()) > 0;
      if (isThere !== actionsOf(role).includes(needs))
        found.push(`${role} at ${path}: "${String(control)}" is ${isThere ? '' : 'not '}there`);
    }
    // Nobody but an owner, or somebody over administrators, acts on the owner.
    await go(`/admin/people/${busy.owner}`, opened.page);
    // The look of an owner makes them two, of which either may end the other.
    if ((await opened.page.getByRole('button', { name: 'Disable' }).count()) > 0 !== (role === 'owner'))
      found.push(`${role} and an owner: "Disable" is wrong`);
    found.push(...opened.complaints.map((text) => `${role}: ${text}`));
    await opened.context.close();
  };
  await portal.admin('POST', '/api/v1/passes', { name: 'nightly', resource: 'wiki', serviceAccount: 'ci' });
  await portal.admin('POST', '/api/v1/enrolment-keys', { purpose: 'connector', name: 'lab' });
  await portal.admin('POST', '/api/v1/enrolment-keys', { purpose: 'service', name: 'ci' });
  const connectors = await ask<{ id: string; name: string }[]>('connectors');
  const drained = connectors.find(({ name }) => name === 'lab-1')?.id ?? '';
  assert.ok((await portal.admin('POST', `/api/v1/connectors/${drained}/drain`)).statusCode < 300);
  for (const each of [roles.slice(0, 3), roles.slice(3)]) await Promise.all(each.map(look));
  assert.deepEqual(found, []);
});
