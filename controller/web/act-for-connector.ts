/**
 * What a connector asks of the controller for its web door: sessions behind codes, sign-out, and passing on to the other
 * connectors of its network what they must know as well.
 */
import { calculateJwkThumbprint } from 'jose';
import type { Certify, FromController } from '../../protocol/control.ts';
import { Fault } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { parseName } from '../../protocol/names.ts';
import type { AssertionKeys, Cert, Certificates, Redeem, SignOut } from '../../protocol/web-messages.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { Admitted } from '../control/act-for-node.ts';
import { endSessions, openSessionsOf } from '../sessions/end-sessions.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { resourceAtHost } from './connector-web.ts';
import { redeemWebCode } from './redeem-web-code.ts';

export type WebRequest = Redeem | SignOut | Cert | Certificates | AssertionKeys;

/** Acts on a message of a connector and answers with `send`. Throws a Fault, after which the channel ends. */
export async function actForConnector(
  context: ControllerContext,
  { organisation, node }: Admitted,
  message: WebRequest,
  send: (answer: FromController) => void,
): Promise<void> {
  const { store, reader, commits } = context.organisation(organisation);
  const network = await networkOf(store, node);
  switch (message.t) {
    case 'redeem': {
      const jws = await redeemWebCode(context, organisation, network, message);
      if (jws === undefined) return send({ t: 'redeemed', re: message.id, code: 'denied' });
      send({ t: 'redeemed', re: message.id, jws });
      return context.bus.publish(organisation, { kind: 'web', network, list: [jws] });
    }
    case 'sign-out': {
      const row = await store
        .select('web_sessions')
        .select(['session', 'subject'])
        .where('id', '=', message.web)
        .where('network', '=', network)
        .executeTakeFirst();
      if (row !== undefined) {
        const everywhere = message.everywhere === true;
        const ids = everywhere ? await openSessionsOf(store, row.subject) : [row.session];
        const reason = everywhere ? 'logout-everywhere' : 'logout';
        await endSessions(context, organisation, ids, { reason, who: row.subject });
      }
      return send({ t: 'signed-out', re: message.id });
    }
    case 'cert': {
      const host = parseName(message.host);
      const resource = host === undefined ? undefined : resourceAtHost(await reader.current(), host);
      if (host === undefined || resource?.network.id !== network) return undefined;
      return context.bus.publish(organisation, { kind: 'acme', network, host, digest: message.digest });
    }
    case 'certificates':
      await commits.run((tx) =>
        tx
          .update('nodes')
          .set({ certificates: JSON.stringify(message.list) })
          .where('id', '=', node)
          .execute(),
      );
      return undefined;
    case 'assertion-keys':
      for (const { kid, x, y } of message.keys)
        if ((await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y })) !== kid)
          throw new Fault('protocol', 'an assertion key does not have its thumbprint as its id');
      if (await commits.run((tx) => keepKeys(tx, node, message.keys)))
        context.bus.publish(organisation, { kind: 'connectors' });
      return undefined;
  }
}

/** False when they are those that it has. */
async function keepKeys(
  tx: ScopedStore,
  node: Admitted['node'],
  keys: AssertionKeys['keys'],
): Promise<boolean> {
  const stored = JSON.stringify(keys);
  const row = await tx.select('nodes').select('assertion_keys').where('id', '=', node).executeTakeFirst();
  if (row === undefined || row.assertion_keys === stored) return false;
  await tx.update('nodes').set({ assertion_keys: stored }).where('id', '=', node).execute();
  return true;
}

/** A certificate of the built-in authority for one of the connector's hostnames; an empty one where there is none. */
export async function certifyHostname(
  context: ControllerContext,
  { organisation, node }: Admitted,
  { id, key, host = '' }: Certify,
  send: (answer: FromController) => void,
): Promise<void> {
  const { store, reader } = context.organisation(organisation);
  const network = await networkOf(store, node);
  const name = parseName(host);
  const resource = name === undefined ? undefined : resourceAtHost(await reader.current(), name);
  const own = name !== undefined && resource?.network.id === network;
  const pem = own ? await context.authority?.certify(Buffer.from(key, 'base64url'), name) : undefined;
  if (pem !== undefined)
    await appendAudit(store, [
      { atMs: context.now(), who: node, what: 'hostname.certify', result: 'done', detail: { host } },
    ]);
  send({ t: 'certificate', ...(id === undefined ? {} : { re: id }), pem: pem ?? '' });
}

/** The network that this connector serves. Throws a Fault for one that was removed meanwhile. */
export async function networkOf(store: ScopedStore, connector: string): Promise<NetworkId> {
  const row = await store
    .select('nodes')
    .select('network')
    .where('id', '=', connector as Admitted['node'])
    .executeTakeFirst();
  if (row === undefined || row.network === null) throw new Fault('revoked');
  return row.network;
}
