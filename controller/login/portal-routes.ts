/** What the portal shows a person about themselves: who they are here, and in which session. */
import { Me } from '../../protocol/portal.ts';
import { actionsOf } from '../../protocol/roles.ts';
import { roleIn } from '../administrators/administrators.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';
import { freshUntilMs } from './freshness.ts';

const config = { access: ['person'] } as const;

export function portalRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/me',
    { config, schema: { summary: 'Who is signed in', response: { 200: Me } } },
    async (request) => meOf(context, await portalCaller(context, request)),
  );
}

/** Who somebody is here, in this session. */
export async function meOf(
  context: ControllerContext,
  { organisation, person, session }: PortalCaller,
): Promise<Me> {
  const { document, groups } = await organisation.reader.current();
  const provider = document.identityProviders?.find(({ issuer }) => issuer === person.issuer)?.name;
  const freshMs = freshUntilMs(session.auth_ms);
  const role = await roleIn(organisation.store, session);
  return {
    organisation: document.organisation === '' ? null : document.organisation,
    address: context.organisations.addressOf(organisation.id).origin,
    person: {
      id: person.id,
      name: person.name,
      ...(person.email === null ? {} : { email: person.email }),
      groups: (JSON.parse(person.groups) as string[]).filter((group) => groups.has(group)),
    },
    administrator: {
      role: person.role,
      fromNextSignIn: person.role !== null && role === undefined,
      actions: role === undefined ? [] : actionsOf(role),
    },
    session: {
      provider: provider ?? null,
      until: instant(session.until_ms),
      freshUntil: freshMs === undefined || freshMs <= context.now() ? null : instant(freshMs),
    },
  };
}
