/** People of the sole organisation who sign in with a browser and may have a role, for tests of what they may do. */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { corpSignIn } from './corp-sign-in.ts';
import { buildApp } from '../../../controller/api/app.ts';
import { login } from '../../../controller/login/login.ts';
import type { Id } from '../../../protocol/ids.ts';
import type { Role } from '../../../protocol/roles.ts';
import type { AfterTest, TestController } from './controller.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One browser session of a person. */
export interface Browser {
  readonly person: Id<'usr'>;
  readonly session: Id<'ses'>;
  readonly headers: Readonly<Record<string, string>>;
  readonly call: (method: Method, url: string, payload?: object) => Promise<LightMyRequestResponse>;
}

export interface People {
  readonly portal: FastifyInstance;
  /** Signs a person in anew; their subject and e-mail address follow from the name. */
  readonly signIn: (name: string) => Promise<Browser>;
  /** The same, with a role that was given before. */
  readonly administrator: (name: string, role: Role) => Promise<Browser>;
}

/** The application with sign-in and portal, over the controller of the test. */
export async function people(test: AfterTest, { context, attempts }: TestController): Promise<People> {
  const portal = await buildApp({ context, ...login(context, attempts) });
  test.after(() => portal.close());
  const organisation = context.organisation(context.firstOrganisation);
  const signIn = async (name: string): Promise<Browser> => {
    const signedIn = await corpSignIn(context, name);
    const { origin } = context.publicUrl;
    const headers = {
      cookie: `__Host-postern-session=${signedIn.cookie}`,
      origin,
      'sec-fetch-site': 'same-origin',
    };
    return {
      person: signedIn.person,
      session: signedIn.session,
      headers,
      call: async (method, url, payload) =>
        portal.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) }),
    };
  };
  return {
    portal,
    signIn,
    async administrator(name, role) {
      const { person } = await signIn(name);
      await organisation.store
        .update('people')
        .set({ role, role_ms: context.now(), role_by: 'test' })
        .where('id', '=', person)
        .execute();
      return signIn(name);
    },
  };
}
