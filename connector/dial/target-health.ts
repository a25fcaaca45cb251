/**
 * What became of the last dials to each resource, by port: noted where flows, health checks and tests dial, told to the controller
 * when it asks. Holds codes and times; a dial that says nothing of the target (one that was cancelled) is not noted.
 */
import { Fault } from '../../protocol/errors.ts';
import {
  HealthCode,
  maxHealth,
  maxHealthChanges,
  type AskHealth,
  type HealthAnswer,
} from '../../protocol/resource-health.ts';
import { OriginTlsError } from './origin-tls.ts';

/** Ports of one resource that are remembered; a range has more, of which those dialled first give way. */
const maxPorts = 16;

interface PortState {
  readonly changes: { at: number; code?: HealthCode }[];
  okMs: number | undefined;
}

/** A port of the resource with this id that was not reached when it was last dialled. */
export interface FailingPort {
  readonly resource: string;
  readonly port: number;
  readonly code: HealthCode;
  /** Epoch milliseconds. */
  readonly since: number;
}

/** Told of every dial to a target of a resource: `error` is what it rejected with, undefined where it succeeded. */
export type NoteDial = (resource: string, port: number, error?: unknown) => void;

const codes: ReadonlySet<string> = new Set(HealthCode.enum);

/** The code of a dial that failed; undefined where its error says nothing of the target. */
function healthCode(error: unknown): HealthCode | undefined {
  if (error instanceof OriginTlsError) return error.isCertificate ? 'certificate' : 'no-tls';
  return error instanceof Fault && codes.has(error.code) ? (error.code as HealthCode) : undefined;
}

export class TargetHealth {
  readonly #now: () => number;
  readonly #resources = new Map<string, Map<number, PortState>>();

  /** @param now epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  readonly note: NoteDial = (resource, port, error) => {
    const code = error === undefined ? undefined : healthCode(error);
    if (error !== undefined && code === undefined) return;
    this.found(resource, port, code);
  };

  /** It answered, or failed with this code. */
  found(resource: string, port: number, code: HealthCode | undefined): void {
    const at = this.#now();
    const state = this.#stateOf(resource, port);
    if (code === undefined) state.okMs = at;
    const last = state.changes.at(-1);
    if (last !== undefined && last.code === code) return;
    state.changes.push({ at, ...(code === undefined ? {} : { code }) });
    if (state.changes.length > maxHealthChanges) state.changes.shift();
  }

  /** Forgets what is not served any more. */
  follow(served: Readonly<Record<string, unknown>>): void {
    for (const id of this.#resources.keys()) if (!Object.hasOwn(served, id)) this.#resources.delete(id);
  }

  /** The ports that fail now, with why and since when (epoch milliseconds), those dialled first first. */
  get failing(): FailingPort[] {
    return this.#list(false).flatMap(({ resource, port, code, since }) =>
      code === undefined ? [] : { resource, port, code, since },
    );
  }

  /** The answer to one question. */
  tell({ question, resource }: AskHealth): HealthAnswer {
    const all = this.#list(resource !== undefined).filter(
      (each) => resource === undefined || each.resource === resource,
    );
    const sorted = all.toSorted((a, b) => Number(a.code === undefined) - Number(b.code === undefined));
    return {
      t: 'healthy',
      question,
      list: sorted.slice(0, maxHealth),
      more: Math.max(0, sorted.length - maxHealth),
    };
  }

  #list(withChanges: boolean): HealthAnswer['list'] {
    return Array.from(this.#resources, ([resource, ports]) =>
      Array.from(ports, ([port, { changes, okMs }]) => {
        const last = changes.at(-1);
        return {
          resource,
          port,
          since: last?.at ?? 0,
          ...(last?.code === undefined ? {} : { code: last.code }),
          ...(okMs === undefined ? {} : { ok: okMs }),
          ...(withChanges ? { changes } : {}),
        };
      }),
    ).flat();
  }

  #stateOf(resource: string, port: number): PortState {
    const ports = this.#resources.get(resource) ?? new Map<number, PortState>();
    this.#resources.set(resource, ports);
    const known = ports.get(port);
    if (known !== undefined) return known;
    const [first] = ports.keys();
    if (ports.size >= maxPorts && first !== undefined) ports.delete(first);
    const state: PortState = { changes: [], okMs: undefined };
    ports.set(port, state);
    return state;
  }
}
