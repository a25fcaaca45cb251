/**
 * In which file of tests each thing that the pages can change or try is clicked in a browser, and what its click is seen to
 * do to a flow that is open, or to one that was refused. `done-in.test.ts` holds it against the pages, and each file itself.
 */

export type Effect = 'cut' | 'opened';

export interface Done {
  /** The name of the file below `test/web`, without its ending. */
  readonly in: string;
  /** Where it is about access. */
  readonly effect?: Effect;
}

const at = (file: string, effect?: Effect): Done => ({
  in: file,
  ...(effect === undefined ? {} : { effect }),
});

/** By method and path, as `mutations()` has them. */
export const doneIn: Readonly<Record<string, Done>> = {
  // Rights that flows hang on.
  'DELETE connectors/:': at('live-policies', 'cut'),
  'DELETE devices/:': at('live-access', 'cut'),
  'DELETE exposures/:': at('live-policies', 'cut'),
  'DELETE flows/:/:': at('live-access', 'cut'),
  'DELETE passes/:': at('live-policies', 'cut'),
  'DELETE people/:/sessions': at('live-access', 'cut'),
  'DELETE sessions/:': at('live-access', 'cut'),
  // Whether flows go elsewhere is seen between built programs (test/e2e/drained-connector.test.ts).
  'POST connectors/:/drain': at('operating'),
  'POST connectors/:/resume': at('operating'),
  'POST devices/:/approve': at('live-access', 'opened'),
  'POST devices/:/block': at('live-access', 'cut'),
  'POST devices/:/unapprove': at('live-access', 'cut'),
  'POST devices/:/unblock': at('live-access', 'opened'),
  'POST document/rollback': at('live-policies', 'opened'),
  'POST enrolment-keys': at('live-access', 'opened'),
  'POST me/approvals/:/approve': at('live-policies', 'opened'),
  'POST me/devices/:/block': at('live-access', 'cut'),
  'POST me/devices/:/forget': at('live-access', 'cut'),
  'POST me/devices/:/sign-out': at('live-access', 'cut'),
  'POST me/logins/approve': at('live-access', 'opened'),
  'POST me/passes': at('live-policies', 'opened'),
  'POST me/passes/:/revoke': at('live-policies', 'cut'),
  'POST me/requests/:/withdraw': at('live-policies', 'cut'),
  'POST me/sessions/:/end': at('live-access', 'cut'),
  'POST me/sessions/end-others': at('live-access', 'cut'),
  'POST me/sign-out': at('live-access', 'cut'),
  'POST me/sign-out-everywhere': at('live-access', 'cut'),
  'POST passes': at('live-policies', 'opened'),
  'POST people/:/disable': at('live-access', 'cut'),
  'POST people/:/enable': at('live-access', 'opened'),
  'POST requests/:/approve': at('live-policies', 'opened'),
  'POST requests/:/withdraw': at('live-policies', 'cut'),
  'POST service-accounts/:/disable': at('live-access', 'cut'),
  'POST service-accounts/:/enable': at('live-access', 'opened'),
  'PUT document': at('live-policies', 'cut'),
  // Answers that leave things as they are.
  'POST me/approvals/:/deny': at('live-policies'),
  'POST me/logins/look-up': at('live-access'),
  'POST me/logins/refuse': at('live-access'),
  'POST me/requests': at('live-policies'),
  'POST requests/:/deny': at('live-policies'),
  // What is set up.
  'DELETE administrators/:': at('settings-actions'),
  'DELETE administrators/invitations/:': at('settings-actions'),
  'DELETE directories/:/tokens/:': at('settings-actions'),
  'DELETE enrolment-keys/:': at('operation-actions'),
  'DELETE relays/:': at('operation-actions'),
  'DELETE tokens/:': at('settings-actions'),
  'POST administrators/invitations': at('settings-actions'),
  'POST directories/:/resume': at('settings-actions'),
  'POST directories/:/tokens': at('settings-actions'),
  'POST document/plan': at('live-policies'),
  'POST document/proposals/:/approve': at('proposals'),
  'POST document/proposals/:/refuse': at('proposals'),
  'POST mail/test': at('operation-actions'),
  'POST names/look': at('dashboard-actions'),
  'POST posture/dry-run': at('dashboard-actions'),
  'POST proposals/:/approve': at('proposals'),
  'POST proposals/:/refuse': at('proposals'),
  'POST proposals/:/take': at('proposals'),
  'POST sign-in-trials': at('pages'),
  'POST sign-in-trials/:/take': at('pages'),
  'POST simulate': at('dashboard-actions'),
  'POST target-tests': at('first-run'),
  'POST tokens': at('settings-actions'),
  'POST tokens/:/role/:': at('settings-actions'),
  'POST webhooks/:/test': at('settings-actions'),
  'PUT administrators/:': at('settings-actions'),
  // How people come in, and what they call their own.
  'DELETE me/passkeys/:': at('setup'),
  'POST guests/ask': at('guests'),
  'POST guests/enter': at('guests'),
  'POST me/devices/:/acknowledge': at('sessions'),
  'POST me/devices/:/rename': at('sessions'),
  'POST me/invitation': at('live-access'),
  'POST me/invitation/take': at('live-access'),
  'POST me/passkeys': at('setup'),
  'POST me/passkeys/options': at('setup'),
  'POST setup/options': at('setup'),
  'POST setup/passkey': at('setup'),
  'POST setup/passkey-options': at('setup'),
  'POST setup/password': at('setup'),
  'POST sign-in/passkey': at('setup'),
  'POST sign-in/passkey-options': at('setup'),
  'POST sign-in/password': at('setup'),
  'POST sign-in/recovery': at('setup'),
};
