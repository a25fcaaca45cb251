/**
 * One client's session at the connector: every stream is checked by permit.ts, then resolved, guarded and dialled, and stays
 * open only while it is permitted. Every refusal is recorded.
 */
import { Fault, organisationLimit, toFault, type CodeName } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { Session, SessionHandlers } from '../../protocol/link/session.ts';
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';
import type { Name } from '../../protocol/names.ts';
import { OpenMap } from '../../protocol/open-items.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import type { ConnectorResource } from '../../protocol/snapshot.ts';
import type { Grant } from '../../protocol/tokens.ts';
import { dialTcp, dialUdp } from '../dial/dial.ts';
import { answerQuestion } from './dns-question.ts';
import { resourceAt } from './resource-at.ts';
import { flowId, joinFlow } from './flow.ts';
import { GrantBook } from './grant-book.ts';
import { parseOpenRequest, type OpenRequest } from './open-request.ts';
import { coversName, permit, type Permitted } from './permit.ts';
import type { Serving } from './serving.ts';
import { SocketReads } from './socket-reads.ts';
import { joinDatagrams, type DatagramBytes } from '../dial/udp.ts';
import type { NoteDial } from '../dial/target-health.ts';
import type { Right } from './right.ts';

/** How often a session may ask for what it is refused; one that goes on beyond ends. */
const refusals = { burst: 1_000, perSecond: 50 };

interface OpenFlow {
  readonly id: string;
  /** When it was asked for, epoch milliseconds. */
  readonly sinceMs: number;
  readonly stream: MuxStream;
  readonly request: OpenRequest;
  grant: Grant;
  /** Gives its place among the flows of its person back. */
  readonly release: () => void;
  cutBy?: { readonly code: CodeName; readonly cause: string | undefined };
}

export class AcceptedSession {
  readonly #session: Session;
  readonly #network: NetworkId;
  readonly #serving: Serving;
  readonly #grants: GrantBook;
  readonly #flows = new OpenMap<number, OpenFlow>();
  readonly #refusals: TokenBucket;

  constructor(session: Session, network: NetworkId, serving: Serving) {
    this.#session = session;
    this.#network = network;
    this.#serving = serving;
    this.#refusals = new TokenBucket(serving.clock, refusals);
    this.#grants = new GrantBook(serving.lease, () => serving.alarm('grant-not-valid'));
    // Whatever broke the protocol named no flow of its own: it is recorded under stream 0, the session's.
    void session.closed.then(({ code }) => {
      if (code === 'protocol') this.#recordRefusal(flowId(session.handshakeHash, 0), undefined, code);
    });
  }

  get openFlows(): number {
    return this.#flows.size;
  }

  /** Open flows that may end by themselves; a browser keeps its connections to a hostname for later. */
  get flowsToWaitFor(): number {
    return [...this.#flows.values()].filter(({ request }) => request.kind !== 'web').length;
  }

  /** Every open flow, as an administrator is told of it. */
  liveFlows(): LiveFlow[] {
    return Array.from(this.#flows.values(), ({ id, sinceMs, stream, request, grant }) => ({
      flow: id,
      since: sinceMs,
      ...subjectOf(grant),
      ...targetOf(request),
      up: stream.bytesReceived,
      down: stream.bytesSent,
    }));
  }

  /** Ends one open flow for an administrator; false where this session has no such flow. The right to it stays. */
  cutFlow(id: string): boolean {
    for (const flow of this.#flows.values()) {
      if (flow.id !== id || flow.cutBy !== undefined) continue;
      this.#cut(flow, 'revoked', 'ended-by-administrator');
      return true;
    }
    return false;
  }

  /** Resolves with the first valid grant that the session shows. */
  get granted(): Promise<void> {
    return this.#grants.granted;
  }

  /** Whether no grant is left that could give anything. */
  get isSpent(): boolean {
    return this.#grants.isSpent;
  }

  handlers(): SessionHandlers {
    return {
      grant: (token) =>
        this.#grants.show(token, this.#serving.card(), {
          network: this.#network,
          nodeKey: this.#session.peerKey,
        }),
      stream: (stream, payload) => void this.#open(stream, payload),
    };
  }

  /**
   * Ends every open flow that nothing covers any more: after a revocation, a patch, or as time passes. Returns the instant
   * (epoch milliseconds) at which time alone ends the first of those that go on; Infinity when there is none.
   */
  recheck(): number {
    let endsMs = Number.POSITIVE_INFINITY;
    for (const flow of this.#flows.values()) {
      if (flow.cutBy !== undefined) continue;
      const covered = this.#permit(flow.request);
      if (typeof covered === 'string') {
        this.#cut(flow, covered);
        continue;
      }
      flow.grant = covered.grant;
      endsMs = Math.min(endsMs, this.#grants.endsMs(flow.grant, flow.request.resource));
    }
    return endsMs;
  }

  async #open(stream: MuxStream, payload: unknown): Promise<void> {
    if (this.#serving.peer?.(stream, payload, this.#session.peerKey) === true) return;
    const id = flowId(this.#session.handshakeHash, stream.id);
    // Grants of the same flight are being verified; the stream waits for them and for nothing else.
    await this.#grants.settled;
    const request = parseOpenRequest(payload);
    if (request === undefined) return this.#refuse(stream, id, undefined, 'denied');
    if (this.#serving.flows.full) return this.#refuse(stream, id, request, 'busy');
    const permitted = this.#permit(request);
    if (typeof permitted === 'string') return this.#refuse(stream, id, request, permitted);
    if (request.kind === 'dns') return this.#answerQuestion(stream, id, request, permitted.resource);
    const { quota } = this.#serving;
    if (quota.isFull(this.#serving.snapshot()?.flows ?? null)) return this.#refuseBeyond(stream, id, request);
    const release = quota.take(permitted.grant.sub);
    if (release === undefined) return this.#refuse(stream, id, request, 'limit');
    const sinceMs = this.#serving.wallClock();
    const flow = { id, sinceMs, stream, request, grant: permitted.grant, release };
    await this.#dial(stream, flow, permitted.resource);
  }

  #permit(request: OpenRequest): Permitted | CodeName {
    return permit(request, this.#serving.snapshot(), this.#grants, this.#serving.lease);
  }

  async #dial(stream: MuxStream, flow: OpenFlow, resource: ConnectorResource): Promise<void> {
    const { request, id } = flow;
    // Kept from here on, so that a revocation during the dial ends it too.
    this.#flows.add(stream.id, flow);
    stream.once('error', () => undefined);
    try {
      if (request.kind === 'web') this.#joinWeb(stream, flow);
      else if (request.kind === 'udp') await this.#joinUdp(stream, flow, resource);
      else await this.#joinTcp(stream, flow, resource);
    } catch (error) {
      this.#flows.delete(stream.id);
      flow.release();
      this.#refuse(stream, id, request, flow.cutBy?.code ?? toFault(error).code);
    }
  }

  async #joinTcp(stream: MuxStream, flow: OpenFlow, resource: ConnectorResource): Promise<void> {
    const { host, port } = flow.request;
    const { resolve, isOwnListener, noteDial } = this.#serving;
    const reads = new SocketReads();
    const dialled = dialTcp(resource, host, port, resolve, isOwnListener, () => reads.open());
    if (noteDial !== undefined) noted(dialled, resource, port, noteDial);
    const socket = await dialled;
    this.#begin(stream, flow, () => socket.destroy());
    joinFlow(stream, socket, reads, (code) =>
      this.#closed(flow, code, { up: stream.bytesReceived, down: stream.bytesSent }),
    );
  }

  async #joinUdp(stream: MuxStream, flow: OpenFlow, resource: ConnectorResource): Promise<void> {
    const { host, port } = flow.request;
    const socket = await dialUdp(resource, host, port, this.#serving.resolve);
    this.#begin(stream, flow, () => socket.close());
    joinDatagrams(stream, socket, this.#serving.clock, (code, bytes) => this.#closed(flow, code, bytes));
  }

  #joinWeb(stream: MuxStream, flow: OpenFlow): void {
    const { host, resource } = flow.request;
    const { dev } = flow.grant;
    const isTaken = this.#serving.takeWeb(stream, {
      host,
      resource,
      device: dev,
      right: () => this.#rightOf(flow),
    });
    if (!isTaken) throw new Fault('busy');
    this.#begin(stream, flow, () => undefined);
    let code: CodeName | undefined;
    stream.on('error', (error) => (code ??= toFault(error).code));
    stream.once('close', () =>
      this.#closed(flow, code, { up: stream.bytesReceived, down: stream.bytesSent }),
    );
  }

  /** By what right a flow to a public hostname is open now; as the controller last spoke of the person. */
  #rightOf(flow: OpenFlow): Right | CodeName {
    if (flow.cutBy !== undefined) return flow.cutBy.code;
    const covered = this.#permit(flow.request);
    if (typeof covered === 'string') return covered;
    const { grant, resource } = covered;
    return {
      door: 'client',
      device: grant.dev,
      id: grant.jti,
      resource: resource.id,
      sub: grant.sub,
      ids: [grant.jti, grant.sub, grant.dev, grant.ses, resource.id],
      who: grant.who,
      ...(grant.auth_time === undefined ? {} : { signedInS: grant.auth_time }),
      now: () => this.#rightOf(flow),
      endsMs: () => this.#grants.endsMs(grant, flow.request.resource),
    };
  }

  /** Accepts and records it, unless it ended during the dial: then `drop` is called, and the Fault of it thrown. */
  #begin(stream: MuxStream, flow: OpenFlow, drop: () => void): void {
    if (stream.destroyed) {
      drop();
      throw new Fault(flow.cutBy?.code ?? 'cancelled');
    }
    this.#record({ event: 'open', flow: flow.id, ...subjectOf(flow.grant), ...targetOf(flow.request) });
    stream.accept();
  }

  #closed(flow: OpenFlow, code: CodeName | undefined, bytes: DatagramBytes): void {
    this.#flows.delete(flow.stream.id);
    flow.release();
    const ending = flow.cutBy?.code ?? code;
    this.#record({
      event: 'close',
      flow: flow.id,
      ...subjectOf(flow.grant),
      ...targetOf(flow.request),
      bytesUp: bytes.up,
      bytesDown: bytes.down,
      ...(ending === undefined ? {} : { code: ending }),
      ...(flow.cutBy?.cause === undefined ? {} : { cause: flow.cutBy.cause }),
    });
  }

  async #answerQuestion(
    stream: MuxStream,
    id: string,
    request: OpenRequest,
    resource: ConnectorResource,
  ): Promise<void> {
    const snapshot = this.#serving.snapshot();
    const isOpen = (target: Name): boolean => coversName(target, this.#serving.snapshot(), this.#grants);
    const isOwnDoor = (): boolean => resourceAt(snapshot?.resources, request.host)?.id === resource.id;
    const refusal = await answerQuestion(stream, request, resource, isOpen, isOwnDoor, this.#serving);
    if (refusal !== undefined) this.#refuse(stream, id, request, refusal);
  }

  #cut(flow: OpenFlow, code: CodeName, because?: string): void {
    const { jti, sub, dev, ses } = flow.grant;
    const { resource } = flow.request;
    const cause =
      because ??
      this.#serving.lease.whyNarrowed(jti, resource) ??
      this.#serving.causeOf([jti, sub, dev, ses, resource]);
    flow.cutBy = { code, cause };
    this.#session.sendNote({
      flow: flow.id,
      resource,
      code,
      ...(cause === undefined ? {} : { reason: cause }),
    });
    flow.stream.reset(code);
  }

  #refuse(stream: MuxStream, id: string, request: OpenRequest | undefined, code: CodeName): void {
    if (!stream.destroyed) stream.reset(code);
    this.#recordRefusal(id, request, code);
  }

  /** The organisation has as many flows open here as it may: it is not the person's doing, and they are told so. */
  #refuseBeyond(stream: MuxStream, id: string, request: OpenRequest): void {
    const { resource } = request;
    this.#session.sendNote({ flow: id, resource, code: 'limit', reason: organisationLimit });
    if (!stream.destroyed) stream.reset('limit');
    this.#recordRefusal(id, request, 'limit', organisationLimit);
  }

  #recordRefusal(id: string, request: OpenRequest | undefined, code: CodeName, cause?: string): void {
    if (!this.#refusals.take()) this.#session.close('limit');
    const grant = this.#grants.any();
    this.#record({
      event: 'refused',
      flow: id,
      code,
      ...(grant === undefined ? {} : subjectOf(grant)),
      ...(request === undefined ? {} : targetOf(request)),
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #record(entry: Omit<FlowRecord, 'seq' | 'at'>): void {
    this.#serving.flows.record({ at: this.#serving.wallClock(), ...entry });
  }
}

/** What a name below a wildcard or in a range leads to says nothing of the others: there only what fails for all of them counts. */
function noted(
  dialled: Promise<unknown>,
  { id, address }: ConnectorResource,
  port: number,
  note: NoteDial,
): void {
  const isMany = address.startsWith('*.') || address.includes('/');
  dialled.then(
    () => note(id, port),
    (error: unknown) => {
      if (!isMany) note(id, port, error);
    },
  );
}

function subjectOf({ dev, sub }: Grant): { device: string; subject: string } {
  return { device: dev, subject: sub };
}

function targetOf({
  resource,
  host,
  port,
  kind,
}: OpenRequest): Pick<LiveFlow, 'resource' | 'host' | 'port' | 'kind'> {
  return { resource, host, port, ...(kind === 'udp' || kind === 'web' ? { kind } : {}) };
}
