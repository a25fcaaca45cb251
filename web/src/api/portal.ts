/**
 * The controller's portal API as the pages call it: the one file that knows its addresses. Types come from the schemas
 * the controller checks its own answers with.
 */
import type { GuestAnswer, GuestAsk, GuestCode, GuestOptions } from '../../../protocol/guests.ts';
import type { OpenInvitation } from '../../../protocol/invitations.ts';
import type { MadePass, MyPasses } from '../../../protocol/passes.ts';
import type {
  PortalApproving,
  PortalDenying,
  MyApprovals,
  MyRequests,
  NewRequest,
  RequestState,
} from '../../../protocol/requests.ts';
import type {
  LoginAnswer,
  LoginEntry,
  LoginLookUp,
  Me,
  MyDevices,
  MyResources,
  MySessions,
  OthersEnded,
  PortalResource,
  SignedOut,
  SignInOptions,
} from '../../../protocol/portal.ts';
import { call } from './call.ts';

export const api = {
  signInOptions: () => call<SignInOptions>('GET', 'sign-in'),
  guestOptions: (host: string) =>
    call<GuestOptions>('GET', `guests/options?host=${encodeURIComponent(host)}`),
  askGuestCode: (asked: GuestAsk) => call<undefined>('POST', 'guests/ask', { body: asked }),
  enterGuest: (entered: GuestCode) => call<GuestAnswer>('POST', 'guests/enter', { body: entered }),
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
    call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/rename`, { body: { name } }),
  acknowledgeDevice: (id: string) =>
    call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/acknowledge`),
  blockDevice: (id: string) => call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/block`),
  forgetDevice: (id: string) => call<undefined>('POST', `me/devices/${encodeURIComponent(id)}/forget`),
  sessions: () => call<MySessions>('GET', 'me/sessions').then(({ sessions }) => sessions),
  endSession: (id: string) => call<undefined>('POST', `me/sessions/${encodeURIComponent(id)}/end`),
  endOtherSessions: () => call<OthersEnded>('POST', 'me/sessions/end-others'),
  lookUp: (entry: LoginEntry) => call<LoginLookUp>('POST', 'me/logins/look-up', { body: entry }),
  approve: (entry: LoginEntry) => call<LoginAnswer>('POST', 'me/logins/approve', { body: entry }),
  refuse: (entry: LoginEntry) => call<LoginAnswer>('POST', 'me/logins/refuse', { body: entry }),
  passes: () => call<MyPasses>('GET', 'me/passes'),
  makePass: (name: string, resource: string) =>
    call<MadePass>('POST', 'me/passes', { body: { name, resource } }),
  revokePass: (id: string) => call<undefined>('POST', `me/passes/${encodeURIComponent(id)}/revoke`),
  requests: () => call<MyRequests>('GET', 'me/requests'),
  ask: (wanted: NewRequest) => call<{ id: string }>('POST', 'me/requests', { body: wanted }),
  withdraw: (id: string) => call<undefined>('POST', `me/requests/${encodeURIComponent(id)}/withdraw`),
  approvals: () => call<MyApprovals>('GET', 'me/approvals'),
  approveRequest: (id: string, approving: PortalApproving) =>
    call<{ state: RequestState }>('POST', `me/approvals/${encodeURIComponent(id)}/approve`, {
      body: approving,
    }),
  denyRequest: (id: string, denying: PortalDenying) =>
    call<{ state: RequestState }>('POST', `me/approvals/${encodeURIComponent(id)}/deny`, { body: denying }),
  invitation: (link: string) => call<OpenInvitation>('POST', 'me/invitation', { body: { link } }),
  takeInvitation: (link: string) => call<undefined>('POST', 'me/invitation/take', { body: { link } }),
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
