/** SCIMMY's users and groups over our records. SCIMMY keeps its declarations for the process; whose they are is in `Directory`. */
import SCIMMY from 'scimmy';
import type { Directory } from './directory.ts';
import { deleteGroup, groupRow, groupsOf, membersOf, shownGroup, writeGroup } from './groups.ts';
import { deleteUser, shownUser, userRow, usersMatching, writeUser } from './users.ts';

const { Resources, Schemas } = SCIMMY;

SCIMMY.Config.set({
  patch: { supported: true },
  filter: { supported: true, maxResults: 200 },
  sort: { supported: true },
  changePassword: { supported: false },
  etag: { supported: false },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'A directory token (dt_…): postern token create --scim PROVIDER',
    },
  ],
} as never);

Resources.declare(Resources.User)
  .extend(Schemas.EnterpriseUser, false)
  .ingress((resource, instance, given) =>
    watched(given, (directory) => writeUser(directory, resource.id, plain(instance))),
  )
  .egress((resource, given) =>
    watched(given, async (directory) => {
      const { id, filter } = resource;
      if (id !== undefined && id !== '') return shownUser(await userRow(directory, id));
      const users = await usersMatching(directory, filter?.expression);
      return filter === undefined ? users : matching(() => filter.match(users));
    }),
  )
  .degress((resource, given) => watched(given, (directory) => deleteUser(directory, resource.id ?? '')));

Resources.declare(Resources.Group)
  .ingress((resource, instance, given) =>
    watched(given, (directory) => writeGroup(directory, resource.id, plain(instance))),
  )
  .egress((resource, given) =>
    watched(given, async (directory) => {
      const { id, filter } = resource;
      if (id !== undefined && id !== '')
        return shownGroup(await groupRow(directory, id), await membersOf(directory, id));
      // Large ones are asked for without, and seldom by who is in them.
      const isWithout = /\bmembers np\b/i.test(resource.attributes?.expression ?? '');
      const isByMembers = /\bmembers\b/i.test(filter?.expression ?? '');
      const groups = await groupsOf(directory, !isWithout || isByMembers);
      return filter === undefined ? groups : matching(() => filter.match(groups));
    }),
  )
  .degress((resource, given) => watched(given, (directory) => deleteGroup(directory, resource.id ?? '')));

/** A filter that can be read and not applied is the caller's fault. */
function matching<T>(match: () => T): T {
  try {
    return match();
  } catch (error) {
    if (error instanceof TypeError) throw new SCIMMY.Types.Error(400, 'invalidFilter', error.message);
    throw error;
  }
}

/** Runs a handler; what it throws besides SCIM's errors is kept as it is. SCIMMY knows nothing of our records. */
async function watched(given: unknown, act: (directory: Directory) => Promise<unknown>): Promise<never> {
  const directory = given as Directory;
  try {
    return (await act(directory)) as never;
  } catch (error) {
    if (!(error instanceof SCIMMY.Types.Error)) directory.faults.push(error);
    throw error;
  }
}

export const { User, Group, Schema, ResourceType, ServiceProviderConfig } = Resources;

/** What SCIMMY made of a body, as plain values. */
function plain(instance: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(instance)) as Record<string, unknown>;
}
