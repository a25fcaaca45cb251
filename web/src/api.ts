/**
 * The controller's portal API as the pages call it: the one file that knows its addresses. Types come from the schemas
 * the controller checks its own answers with.
 */
import type { GuestAnswer, GuestAsk, GuestCode, GuestOptions } from '../../protocol/guests.ts';
import type { MadePass, MyPasses } from '../../protocol/passes.ts';
import type {
  LoginAnswer,
  LoginEntry,
  LoginLookUp,
  Me,
  MyDevices,
  MyResources,
  PortalResource,
  SignedOut,
  SignInOptions,
} from '../../protocol/portal.ts';

/** An answer that is no success. `status` 0: the controller was not reached. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Under which an administrator finds it in the audit log. */
  readonly trace: string | undefined;

  constructor(status: number, detail: string, trace?: string) {
    super(detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.trace = trace;
  }
}

export const api = {
  signInOptions: () => call<SignInOptions>('GET', 'sign-in'),
  guestOptions: (host: string) =>
    call<GuestOptions>('GET', `guests/options?host=${encodeURIComponent(host)}`),
  askGuestCode: (asked: GuestAsk) => call<undefined>('POST', 'guests/ask', asked),
  enterGuest: (entered: GuestCode) => call<GuestAnswer>('POST', 'guests/enter', entered),
  me: () => call<Me>('GET', 'me'),
  resources: (device: string | undefined) =>
    call<MyResources>('GET', device === undefined ? 'me/resources' : `me/resources?device=${device}`),
  resource: (name: string, door: 'web' | undefined) =>
    call<PortalResource>(
      'GET',
      `me/resources/${encodeURIComponent(name)}${door === undefined ? '' : `?door=${door}`}`,
    ),
  devices: () => call<MyDevices>('GET', 'me/devices'),
  signOutDevice: (id: string) => call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/sign-out`),
  renameDevice: (id: string, name: string) =>
    call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/rename`, { name }),
  acknowledgeDevice: (id: string) =>
    call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/acknowledge`),
  blockDevice: (id: string) => call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/block`),
  forgetDevice: (id: string) => call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/forget`),
  lookUp: (entry: LoginEntry) => call<LoginLookUp>('POST', 'me/logins/look-up', entry),
  approve: (entry: LoginEntry) => call<LoginAnswer>('POST', 'me/logins/approve', entry),
  refuse: (entry: LoginEntry) => call<LoginAnswer>('POST', 'me/logins/refuse', entry),
  passes: () => call<MyPasses>('GET', 'me/passes'),
  makePass: (name: string, resource: string) => call<MadePass>('POST', 'me/passes', { name, resource }),
  revokePass: (id: string) => call<undefined>('POST', `me/passes/${encodeURIComponent(id)}/revoke`),
  signOut: (everywhere: boolean) =>
    call<SignedOut>('POST', everywhere ? 'me/sign-out-everywhere' : 'me/sign-out'),
};

/**
 * Where a sign-in with this provider begins; it ends at `returnTo`. `fresh` asks the provider to sign in anew, `for` to do
 * what this resource needs, seen from that device.
 */
export function signInUrl(
  provider: string,
  returnTo: string,
  more: { readonly fresh?: '1'; readonly for?: string; readonly device?: string; readonly door?: 'web' } = {},
): string {
  const query = new URLSearchParams({ rd: returnTo, ...more });
  return `/oidc/${encodeURIComponent(provider)}/start?${query.toString()}`;
}

async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers: { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new ApiProblem(0, 'The controller cannot be reached.');
  }
  if (response.status === 204) return undefined as T;
  const answer = (await response.json().catch(() => undefined)) as unknown;
  if (!response.ok) throw new ApiProblem(response.status, detailOf(answer), traceOf(answer));
  return answer as T;
}

function traceOf(answer: unknown): string | undefined {
  const { trace } = (answer ?? {}) as { trace?: unknown };
  return typeof trace === 'string' ? trace : undefined;
}

function detailOf(answer: unknown): string {
  const { detail, title } = (answer ?? {}) as { detail?: unknown; title?: unknown };
  const text = [detail, title].find((each) => typeof each === 'string');
  return typeof text === 'string' ? text : 'The controller gave an answer this page does not understand.';
}
