/**
 * What a node that is known may ask of the controller on its control channel: report posture, hand in flow records, get a
 * certificate, log out. Each kind of node has its own; anything else is a broken peer.
 */
import type { FromController, FromNode } from '../../protocol/control.ts';
import { Fault } from '../../protocol/errors.ts';
import type { ConnectorId, DeviceId, NodeId, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { exposeForDevice } from '../exposures/for-device.ts';
import { reportPosture } from '../posture/report.ts';
import { requestForDevice } from '../requests/for-device.ts';
import { endSessions, openSessionsOf } from '../sessions/end-sessions.ts';
import type { NodeKind } from '../store/tables/nodes.ts';
import { publishEndpoints } from './publish-endpoints.ts';
import { actForConnector, certifyHostname } from '../web/act-for-connector.ts';
import { storeReceipts } from './receipts.ts';

/** Who is at the other end, once that is known. */
export interface Admitted {
  readonly organisation: OrganisationId;
  readonly node: NodeId;
  readonly kind: NodeKind;
  readonly boot: string;
  /** The number of its channel among all that the node has begun. */
  readonly channel: number;
}

type Request = Exclude<FromNode, { t: 'hello' | 'enrol' | 'login' | 'bye' | 'rotate' }>;

/** Which kind of node sends which message. */
const senders: Readonly<Record<Request['t'], readonly NodeKind[]>> = {
  posture: ['device'],
  logout: ['device'],
  request: ['device'],
  expose: ['device'],
  receipts: ['connector'],
  publish: ['connector'],
  load: ['connector', 'relay'],
  certify: ['relay', 'connector'],
  redeem: ['connector'],
  'sign-out': ['connector'],
  cert: ['connector'],
  certificates: ['connector'],
  'assertion-keys': ['connector'],
  probed: ['connector'],
  flowing: ['connector'],
  healthy: ['connector'],
};

/** Acts on a message and answers with `send`. Throws a Fault, after which the channel ends. */
export async function actForNode(
  context: ControllerContext,
  from: Admitted,
  message: Request,
  send: (answer: FromController) => void,
): Promise<void> {
  if (!senders[message.t].includes(from.kind))
    throw new Fault('protocol', `a ${from.kind} sends no ${message.t}`);
  switch (message.t) {
    case 'posture':
      return reportPosture(context, from.organisation, from.node as DeviceId, message.facts);
    case 'logout':
      return logOut(context, from, message.everywhere === true);
    case 'request': {
      const answer = await requestForDevice(context, from.organisation, from.node as DeviceId, message);
      return send({ t: 'requested', re: message.id, ...answer });
    }
    case 'expose': {
      const answer = await exposeForDevice(context, from.organisation, from.node as DeviceId, message);
      return send({ t: 'exposed', re: message.id, ...answer });
    }
    case 'receipts': {
      const { organisation, node } = from;
      const seq = await storeReceipts(context, organisation, node as ConnectorId, message.list);
      return send({ t: 'received', seq });
    }
    case 'publish':
      return publishEndpoints(context, from.organisation, from.node as ConnectorId, message.direct);
    case 'certify':
      if (from.kind === 'connector') return certifyHostname(context, from, message, send);
      return send({ t: 'certificate', pem: await certify(context, from, message.key) });
    case 'load':
      return context.shares.hear(from.node, message);
    case 'probed':
    case 'flowing':
    case 'healthy':
      return context.bus.publish(from.organisation, { kind: 'answer', node: from.node, message });
    default:
      return actForConnector(context, from, message, send);
  }
}

async function logOut(
  context: ControllerContext,
  { organisation, node }: Admitted,
  everywhere: boolean,
): Promise<void> {
  const { store } = context.organisation(organisation);
  const open = await store
    .select('sessions')
    .select(['id', 'subject', 'until_ms'])
    .where('device', '=', node as DeviceId)
    .where('ended_ms', 'is', null)
    .execute();
  const [own] = open;
  // Only a person whose session here is open signs out elsewhere: a device that was signed out speaks for nobody.
  const all = everywhere && own !== undefined && own.until_ms > context.now();
  const ids = all ? await openSessionsOf(store, own.subject) : open.map(({ id }) => id);
  const reason = all ? 'logout-everywhere' : 'logout';
  await endSessions(context, organisation, ids, { reason, who: own?.subject ?? node });
}

/** A certificate for the relay's own host, which it named when it said hello. */
async function certify(
  context: ControllerContext,
  { organisation, node }: Admitted,
  key: string,
): Promise<string> {
  const { store } = context.organisation(organisation);
  const row = await store.select('nodes').select('url').where('id', '=', node).executeTakeFirst();
  if (context.authority === undefined || row === undefined || row.url === null) {
    throw new Fault('denied', 'This controller has no authority of its own; give the relay a certificate.');
  }
  const host = new URL(row.url).hostname.replace(/^\[|\]$/g, '');
  const pem = await context.authority.certify(Buffer.from(key, 'base64url'), host);
  if (pem === undefined) throw new Fault('protocol', 'the key to certify is none');
  await appendAudit(store, [
    { atMs: context.now(), who: node, what: 'relay.certify', result: 'done', detail: { host } },
  ]);
  return pem;
}
