/**
 * One connector's serving half with a network, an echoing application behind it, and a wall clock that tests hold.
 * Whoever makes one starts and closes it.
 */
import type { EventEmitter } from 'node:events';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AcceptedSession } from '../../../connector/flows/accepted-session.ts';
import type { Serving } from '../../../connector/flows/serving.ts';
import { FlowLog } from '../../../connector/flows/flow-log.ts';
import { FlowQuota } from '../../../connector/flows/flow-quota.ts';
import { systemClock, systemRandom, type Clock } from '../../../protocol/clock.ts';
import type { DnsRecords } from '../../../protocol/dns-records.ts';
import type { FlowRecord } from '../../../protocol/flow-record.ts';
import type { ConnectorResource } from '../../../protocol/snapshot.ts';
import { Fault, type CodeName } from '../../../protocol/errors.ts';
import { newId, type NetworkId, type ResourceId } from '../../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey, type AgreementKey } from '../../../protocol/keys.ts';
import { Lease } from '../../../protocol/lease.ts';
import type { Carrier } from '../../../protocol/link/carrier.ts';
import { HandshakeBudget } from '../../../protocol/link/handshake-budget.ts';
import { acceptSession, dialSession } from '../../../protocol/link/open-session.ts';
import type { Session } from '../../../protocol/link/session.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { signGrant, tokenSigner, type Card, type Grant } from '../../../protocol/tokens.ts';
import { memoryCarriers, type MemoryPair } from '../../support/memory-carrier.ts';
import { settle } from '../../support/settle.ts';
import { until } from '../../support/until.ts';

export const id = <K extends 'res' | 'net' | 'usr' | 'dev' | 'ses' | 'tok' | 'org'>(kind: K) =>
  newId(kind, systemRandom(16));

const root = mkdtempSync(join(tmpdir(), 'connector-bench-'));

/** Removes the folders of all benches; for the end of a file. */
export function removeBenches(): void {
  rmSync(root, { recursive: true });
}

export class ConnectorBench {
  readonly signer = tokenSigner(newSigningKey());
  readonly network: NetworkId = id('net');
  readonly wiki: ResourceId = id('res');
  readonly databases: ResourceId = id('res');
  readonly directory = mkdtempSync(join(root, 'state-'));
  readonly flows = new FlowLog({
    state: openStateDirectory(this.directory),
    clock: systemClock,
    alarm: () => this.alarms.push('flows-not-kept'),
  });
  readonly quota = new FlowQuota();
  readonly key = newAgreementKey();
  readonly device = newAgreementKey();
  readonly grantId = id('tok');
  readonly deviceId = id('dev');
  /** Of the protocol: pings, handshakes. */
  readonly clock: Clock;
  readonly budget: HandshakeBudget;
  wallMs = 1_800_000_000_000;
  /** What the sessions complained of. */
  readonly alarms: string[] = [];
  readonly lease = new Lease(() => this.wallMs);
  /** What names lead to; literals lead to themselves. */
  names: Record<string, string[]> = {};
  /** What names have besides addresses, by type and name. */
  dns: Record<string, DnsRecords> = {};
  resources: Record<string, ConnectorResource> = {};
  /** Flows that may be open at once; null: without bound. */
  mostFlows: number | null = null;
  /** Takes the questions of other connectors. */
  peer: Serving['peer'];
  /** What is behind public hostnames. */
  takeWeb: Serving['takeWeb'] = () => false;
  readonly dialled: Socket[] = [];
  readonly sessions: Session[] = [];
  application: Server | undefined;
  port = 0;
  /** The session accepted last. */
  accepted: AcceptedSession | undefined;
  readonly #all: AcceptedSession[] = [];

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
    this.budget = new HandshakeBudget(clock);
  }

  /** How many sessions were accepted. */
  get served(): number {
    return this.#all.length;
  }

  async start(): Promise<void> {
    this.lease.beat(1);
    const application = createServer((socket) => {
      this.dialled.push(socket);
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    this.port = (application.address() as AddressInfo).port;
    this.application = application;
    const resource = { ports: [`tcp/${this.port}`], within: ['10.0.0.0/8'], outage: 3_600 };
    this.resources = {
      [this.wiki]: { ...resource, id: this.wiki, hosts: ['wiki.acme.internal'], address: '127.0.0.1' },
      [this.databases]: {
        ...resource,
        id: this.databases,
        hosts: ['*.db.acme.internal'],
        address: '*.db.acme.internal',
      },
    };
  }

  /** Ends everything; resolves when nothing is recorded any more. */
  async close(): Promise<void> {
    for (const session of this.sessions) session.close();
    this.application?.close();
    for (const socket of this.dialled) socket.destroy();
    await until(() => this.#all.every(({ openFlows }) => openFlows === 0));
    await settle();
  }

  async card(): Promise<Card> {
    const { kid, key } = await this.signer;
    const nowS = Math.floor(this.wallMs / 1_000);
    return {
      iss: 'https://access.acme.example',
      keys: { [kid]: encodeKey(key.publicKey) },
      ctl: encodeKey(newAgreementKey().publicKey),
      tls: [],
      iat: nowS,
      exp: nowS + 86_400,
    };
  }

  async grant(change: Partial<Grant> = {}): Promise<string> {
    const nowS = Math.floor(this.wallMs / 1_000);
    return signGrant(await this.signer, {
      iss: 'https://access.acme.example',
      aud: this.network,
      jti: this.grantId,
      org: id('org'),
      sub: id('usr'),
      dev: this.deviceId,
      ses: id('ses'),
      nk: encodeKey(this.device.publicKey),
      who: { name: 'Alice', groups: [] },
      cav: [{ until: nowS + 600, out: 3_600 }],
      res: { [this.wiki]: 0 },
      iat: nowS,
      exp: nowS + 3_600,
      ...change,
    });
  }

  /** Serves whoever comes over this carrier, as the connector does over a circuit. */
  async accept(carrier: Carrier, source = 'test'): Promise<Session> {
    const card = await this.card();
    const serving: Serving = {
      lease: this.lease,
      flows: this.flows,
      quota: this.quota,
      peer: (stream, payload, key) => this.peer?.(stream, payload, key) ?? false,
      snapshot: () => ({
        kind: 'connector',
        network: { id: this.network, name: 'hq' },
        relays: {},
        peers: {},
        resources: this.resources,
        flows: this.mostFlows,
        web: { url: 'https://access.acme.example/web/start', port: 443 },
      }),
      card: () => card,
      causeOf: (ids) => (ids.includes(this.grantId) ? 'policy' : undefined),
      alarm: (name) => this.alarms.push(name),
      clock: this.clock,
      resolve: async (name) => this.names[name] ?? [name],
      resolveRecords: async (name, type) => {
        const found = this.dns[`${type} ${name}`];
        if (found === undefined) throw new Fault('no-name');
        return found;
      },
      takeWeb: (stream, device) => this.takeWeb(stream, device),
      wallClock: () => this.wallMs,
    };
    return acceptSession({
      carrier,
      own: this.key,
      networkId: this.network,
      budget: this.budget,
      source,
      clock: this.clock,
      random: systemRandom,
      handle: (session) => {
        this.accepted = new AcceptedSession(session, this.network, serving);
        this.#all.push(this.accepted);
        return this.accepted.handlers();
      },
    });
  }

  /** A session of the device that shows these grants; notes of the connector are collected. */
  async dial(
    grants: readonly string[],
    own: AgreementKey = this.device,
  ): Promise<{ session: Session; notes: unknown[]; pair: MemoryPair }> {
    const pair = memoryCarriers();
    const accepting = this.accept(pair.right);
    const notes: unknown[] = [];
    const session = await dialSession({
      carrier: pair.left,
      own,
      peer: this.key.publicKey,
      networkId: this.network,
      clock: this.clock,
      random: systemRandom,
      grants,
      handle: () => ({ note: (note) => void notes.push(note) }),
    });
    await accepting;
    this.sessions.push(session);
    return { session, notes, pair };
  }

  /** A stream of what the device is granted, or of something else in its place. */
  request(change: object = {}): object {
    return { r: this.wiki, h: 'wiki.acme.internal', p: this.port, k: 'tcp', ...change };
  }

  /** Resolves once a record of this event is in the log. */
  async recorded(event: FlowRecord['event']): Promise<void> {
    while (!this.records().some((record) => record.event === event)) {
      await new Promise<void>((resolve) => {
        this.flows.onRecord = resolve;
      });
    }
  }

  records(): FlowRecord[] {
    return this.flows.batch();
  }
}

/** Settles when it closes, by an error or in order. */
export function closed(emitter: EventEmitter): Promise<void> {
  emitter.on('error', () => undefined);
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}

/** How a stream with this payload comes out: `accepted`, or the code it was refused with. */
export async function outcome(session: Session, payload: object): Promise<CodeName | 'accepted'> {
  const stream = session.openStream(payload);
  try {
    await stream.accepted();
    stream.destroy();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof Fault);
    return error.code;
  }
}
