/**
 * Opens flows: from a name or synthetic address to a resource, through the session of its network. Keeps what `status`
 * shows: what is open, and what was refused or ended lately and why.
 */
import type { Duplex } from 'node:stream';
import { isIPv4 } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import { codes, Fault, organisationLimit, sentences, toFault, type CodeName } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { OpenMap } from '../../protocol/open-items.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { listsPort } from '../../protocol/ports.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { unknownTexts } from '../dns/answer.ts';
import type { FlowTarget } from './open-flow.ts';
import { ReachedTargets } from './reached-targets.ts';
import { trying, within } from './tries.ts';
import { hostStandingOf, unmetTexts, webDoorOf, type Knowledge, type VisibleResource } from '../standing.ts';

export interface FlowOptions {
  knowledge(): Knowledge;
  /** The name that has a synthetic address now. */
  nameOf(address: string): Name | undefined;
  session(network: NetworkId): Promise<Session>;
  readonly clock: Clock;
  /** Epoch milliseconds, for what people read. */
  wallClock(): number;
}

/** A flow that is open. */
export interface ActiveFlow {
  readonly host: string;
  readonly port: number;
  readonly resource: string;
  readonly sinceMs: number;
  /** Datagrams that this side did not send: too large, or the oldest of too many that waited. */
  readonly droppedDatagrams: number;
}

/** Something that was refused or taken away. */
export interface Incident {
  readonly atMs: number;
  readonly event: 'refused' | 'ended';
  readonly host: string;
  readonly port: number;
  readonly resource: string | undefined;
  readonly code: CodeName;
  /** A sentence, and why where the connector said. */
  readonly text: string;
}

const tooManyText =
  'Too many connections are open at once, all your devices counted together; close some and try again.';
const tooManyInAllText =
  'Your organisation has as many connections open at once as whoever runs the controller lets it have; try again when some have closed.';
const mostIncidents = 50;
/** The connector answers every OPEN, with a code where the application is silent; this is for one that does not. */
const answerMs = 30_000;
/** A note and the reset it explains come within this time of each other, in either order. */
const noteMs = 2_000;

export class Flows {
  readonly #options: FlowOptions;
  /** By a number of their own, since streams of several sessions are among them. */
  readonly #active = new OpenMap<number, ActiveFlow>();
  #opened = 0;
  #incidents: (Incident & { readonly resourceId: string | undefined })[] = [];
  /** The last note by resource id. */
  readonly #notes = new Map<string, { readonly reason: string; readonly atMs: number }>();

  /** What became of the last flow to each target. */
  readonly reached: ReachedTargets;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.reached = new ReachedTargets(() => options.wallClock());
  }

  active(): ActiveFlow[] {
    return [...this.#active.values()];
  }

  /** Newest first. */
  incidents(): Incident[] {
    return this.#incidents.toReversed();
  }

  /** Opens a flow. Rejects with a Fault whose sentence is for the person; the refusal is remembered. */
  open(target: FlowTarget): Promise<Duplex> {
    return this.#open(target, 'tcp');
  }

  /** The same for datagrams, which pass beside the stream. */
  openDatagrams(target: FlowTarget): Promise<MuxStream> {
    return this.#open(target, 'udp');
  }

  async #open(target: FlowTarget, kind: 'tcp' | 'udp'): Promise<MuxStream> {
    const { port } = target;
    let host = target.host;
    let resource: VisibleResource | undefined;
    try {
      const name = this.#nameOf(target.host);
      host = name ?? target.host;
      const door = this.#webDoor(name, port, kind);
      resource = door ?? this.#granted(name);
      // The connector says the same; here it costs no question, however many datagrams come.
      if (kind === 'udp' && !listsPort(resource.ports, 'udp', port)) throw new Fault('port-not-listed');
      return await this.#openStream(resource, name as Name, target, door === undefined ? kind : 'web');
    } catch (error) {
      const fault = toFault(error);
      this.#remember('refused', host, port, resource, fault);
      throw fault;
    }
  }

  /** Remembers that a flow was refused before it came to be one of these. */
  refused({ host, port }: Pick<FlowTarget, 'host' | 'port'>, fault: Fault): void {
    this.#remember('refused', host, port, undefined, fault);
  }

  /** A note from a connector: why it ended a flow. Anything but such a note is ignored. */
  note(note: unknown): void {
    if (typeof note !== 'object' || note === null) return;
    const { resource, reason } = note as { resource?: unknown; reason?: unknown };
    if (typeof resource !== 'string' || typeof reason !== 'string' || !/^[a-z0-9-]{1,64}$/.test(reason))
      return;
    const atMs = this.#options.wallClock();
    if (this.#notes.size >= mostIncidents) this.#notes.clear();
    this.#notes.set(resource, { reason, atMs });
    // Several flows may have ended before their notes came, and the resource may be known no more by now.
    this.#incidents = this.#incidents.map((incident) => {
      const isMeant =
        incident.event === 'ended' && incident.resourceId === resource && atMs - incident.atMs < noteMs;
      return isMeant && incident.text === sentences[incident.code]
        ? { ...incident, text: withReason(incident.code, reason) }
        : incident;
    });
  }

  /** The name behind what an application asked for; undefined for an address that is nobody's. */
  #nameOf(host: string): Name | undefined {
    return isIPv4(host) ? this.#options.nameOf(host) : parseName(host);
  }

  /** The resource whose public hostname this is, at the port of its TLS endpoint. */
  #webDoor(name: Name | undefined, port: number, kind: 'tcp' | 'udp'): VisibleResource | undefined {
    const resource = name === undefined ? undefined : webDoorOf(name, this.#options.knowledge())?.resource;
    return kind === 'tcp' && resource?.web?.port === port ? resource : undefined;
  }

  #granted(name: Name | undefined): VisibleResource {
    const knowledge = this.#options.knowledge();
    const standing = name === undefined ? ({ is: 'hidden' } as const) : hostStandingOf(name, knowledge);
    // A public hostname has no port but that of its door.
    const isDoor = name !== undefined && webDoorOf(name, knowledge) !== undefined;
    if (isDoor && standing.is !== 'granted') throw new Fault('port-not-listed');
    switch (standing.is) {
      case 'granted':
        return standing.resource;
      case 'refused': {
        const posture = standing.resource.reasons.some(({ name: reason }) => reason.startsWith('posture'));
        throw new Fault(posture ? 'posture' : 'denied', unmetTexts(standing.resource.reasons).join(' '));
      }
      case 'unknown':
        throw new Fault(
          standing.why === 'no-connector' ? 'no-peer' : 'out-of-contact',
          unknownTexts[standing.why],
        );
      default:
        throw new Fault('denied', hiddenText);
    }
  }

  async #openStream(
    resource: VisibleResource,
    name: Name,
    { port, early }: FlowTarget,
    kind: 'tcp' | 'udp' | 'web',
  ): Promise<MuxStream> {
    const { clock } = this.#options;
    const session = (): Promise<Session> => this.#options.session(resource.net);
    return trying(session, async (over) => {
      const stream = over.openStream({ r: resource.id, h: name, p: port, k: kind });
      stream.on('error', () => undefined);
      early?.sendTo(stream);
      const accepted = within(clock, answerMs, stream.accepted(), () => stream.destroy());
      // Of datagrams nobody says that they arrive, and at a public hostname the connector itself answers.
      await (kind === 'tcp' ? this.#noting(accepted, resource, port) : accepted);
      this.#follow(stream, resource, name, port);
      return stream;
    }).catch((error: unknown) => {
      const { code } = toFault(error);
      throw code === 'limit' ? new Fault('limit', this.#limitText(resource), { cause: error }) : error;
    });
  }

  async #noting(accepted: Promise<void>, resource: VisibleResource, port: number): Promise<void> {
    try {
      await accepted;
      this.reached.note(resource, port);
    } catch (error) {
      this.reached.note(resource, port, toFault(error).code);
      throw error;
    }
  }

  /** Whose limit it was: a note that names the organisation's comes before the refusal. */
  #limitText({ id }: VisibleResource): string {
    const note = this.#notes.get(id);
    const isOrganisation =
      note?.reason === organisationLimit && this.#options.wallClock() - note.atMs < noteMs;
    return isOrganisation ? tooManyInAllText : tooManyText;
  }

  #follow(stream: MuxStream, resource: VisibleResource, host: Name, port: number): void {
    const flow: ActiveFlow = {
      host,
      port,
      resource: resource.name,
      sinceMs: this.#options.wallClock(),
      get droppedDatagrams() {
        return stream.droppedDatagrams;
      },
    };
    const number = this.#opened++;
    this.#active.add(number, flow);
    stream.once('error', (error) => this.#remember('ended', host, port, resource, toFault(error)));
    stream.once('close', () => this.#active.delete(number));
  }

  #remember(
    event: Incident['event'],
    host: string,
    port: number,
    resource: VisibleResource | undefined,
    fault: Fault,
  ): void {
    if (fault.code === 'cancelled') return;
    const atMs = this.#options.wallClock();
    const note = resource === undefined ? undefined : this.#notes.get(resource.id);
    const explained = event === 'ended' && note !== undefined && atMs - note.atMs < noteMs;
    this.#incidents.push({
      atMs,
      event,
      host,
      port,
      resource: resource?.name,
      resourceId: resource?.id,
      code: fault.code,
      text: explained ? withReason(fault.code, note.reason) : fault.message,
    });
    if (this.#incidents.length > mostIncidents) this.#incidents = this.#incidents.slice(-mostIncidents);
  }
}

/** The sentence of a code with the short word the controller gave for it. */
function withReason(code: CodeName, reason: string): string {
  return reason in codes ? sentences[code] : `${sentences[code]} (${reason.replaceAll('-', ' ')})`;
}
