/** What the kinds of entries in the log are called, by what they are about. The log takes the first part of one for all below it. */

export interface KindGroup {
  readonly label: string;
  readonly kinds: Readonly<Record<string, string>>;
}

export const kindGroups: readonly KindGroup[] = [
  {
    label: 'Connections',
    kinds: {
      'flow.open': 'Connection opened',
      'flow.close': 'Connection closed',
      'flow.refused': 'Connection refused',
      'flow.cut': 'Connection cut',
      'web.begin': 'Application opened in a browser',
    },
  },
  {
    label: 'Access',
    kinds: {
      'access.refuse': 'Access refused',
      'access.end': 'Access ended',
      'request.ask': 'Access asked for',
      'request.break-glass': 'Access taken in an emergency',
      'request.approve': 'Request approved',
      'request.deny': 'Request denied',
      'request.withdraw': 'Request withdrawn',
      'request.expire': 'Request ran out',
      'pass.create': 'Device pass made',
      'pass.revoke': 'Device pass revoked',
      'exposure.begin': 'Exposure began',
      'exposure.end': 'Exposure ended',
    },
  },
  {
    label: 'Sign-ins and sessions',
    kinds: {
      'sign-in': 'Sign-in',
      'sign-in.try': 'Sign-in tried by an administrator',
      'guest.code': 'Code sent to a guest',
      'guest.sign-in': 'Guest signed in',
      'provider.logout': 'Signed out by the provider',
      'session.begin': 'Session began',
      'session.renew': 'Session renewed',
      'session.end': 'Session ended',
    },
  },
  {
    label: 'Devices',
    kinds: {
      'device.code': 'Code of a device typed',
      'device.enrol': 'Device joined',
      'device.approve': 'Device approved',
      'device.unapprove': 'Approval of a device taken back',
      'device.acknowledge': 'Device recognised by its owner',
      'device.rename': 'Device renamed',
      'device.rotate': 'Keys of a device changed',
      'device.suspend': 'Device suspended',
      'device.block': 'Device blocked',
      'device.unblock': 'Device unblocked',
      'device.remove': 'Device forgotten',
      'posture.verdict': 'Verdict about a device',
    },
  },
  {
    label: 'The document',
    kinds: {
      'document.apply': 'Document changed',
      'document.propose': 'Change proposed',
      'document.approve': 'Change approved',
      'document.refuse': 'Change refused',
      'change.propose': 'Change beside the document proposed',
      'change.approve': 'Change beside the document approved',
      'change.refuse': 'Change beside the document refused',
      'change.carry-out': 'Approved change could not be made',
      'document.rollback': 'Document taken back',
    },
  },
  {
    label: 'People and administrators',
    kinds: {
      'person.disable': 'Person disabled',
      'person.enable': 'Person enabled',
      'service.disable': 'Service account disabled',
      'service.enable': 'Service account enabled',
      'administrator.role': 'Role given or taken',
      'administrator.invite': 'Administrator invited',
      'administrator.uninvite': 'Invitation taken back',
      'administrator.setup-link': 'Setup link made',
      'administrator.passkey-add': 'Passkey added',
      'administrator.passkey-remove': 'Passkey removed',
      'directory.user-create': 'Person added by the directory',
      'directory.user-change': 'Person changed by the directory',
      'directory.user-delete': 'Person removed by the directory',
      'directory.group-create': 'Group added by the directory',
      'directory.group-change': 'Group changed by the directory',
      'directory.group-delete': 'Group removed by the directory',
      'directory.halt': 'Directory stopped',
      'directory.resume': 'Directory goes on',
      'directory.token-create': 'Token of a directory made',
      'directory.token-delete': 'Token of a directory deleted',
    },
  },
  {
    label: 'Servers, names and keys',
    kinds: {
      'connector.enrol': 'Connector joined',
      'connector.publish': 'Addresses of a connector published',
      'connector.drain': 'Connector drained',
      'connector.resume': 'Connector taken back',
      'connector.remove': 'Connector removed',
      'relay.enrol': 'Relay joined',
      'relay.certify': 'Certificate of a relay issued',
      'relay.remove': 'Relay removed',
      'hostname.certify': 'Certificate of a hostname issued',
      'name.proven': 'Name proven',
      'name.lost': 'Proof of a name lost',
      'target.test': 'Target tested',
      'key.create': 'Enrolment key made',
      'key.delete': 'Enrolment key deleted',
      'token.create': 'API token made',
      'token.role': 'Role of an API token changed',
      'token.delete': 'API token deleted',
    },
  },
  {
    label: 'The controller',
    kinds: {
      'organisation.limit': 'Limits of the organisation set',
      'organisation.suspend': 'Organisation suspended',
      'organisation.resume': 'Organisation resumed',
      'mail.test': 'Test mail sent',
      'notification.fail': 'Notification failed',
      'store.behind': 'Records put back to an earlier state',
      'store.restore': 'Records restored from a backup',
    },
  },
];

const texts = new Map(kindGroups.flatMap(({ kinds }) => Object.entries(kinds)));

/** In words; a kind of a newer controller as it stands there. */
export function kindText(what: string): string {
  return texts.get(what) ?? what;
}
