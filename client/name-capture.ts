/**
 * Everything that makes an ordinary program reach a resource by its name: our resolver, the synthetic addresses, the
 * rules that bring their flows here, the system's name settings, and the watchdog beside them. Linux with privilege.
 */
import { readFileSync } from 'node:fs';
import { systemClock, systemRandom } from '../protocol/clock.ts';
import { Fault } from '../protocol/errors.ts';
import type { Name } from '../protocol/names.ts';
import type { PortRange } from '../protocol/ports.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { listenForCaptured, type CaptureListener } from './capture/captured.ts';
import { UdpCapture } from './capture/udp.ts';
import { AddressPool, type PoolState } from './dns/address-pool.ts';
import { formatRange, offsetOf, resolverAddress, type AddressRange } from './dns/address-range.ts';
import { createResolver, type Resolver } from './dns/resolver.ts';
import { serveDns, type DnsServer } from './dns/server.ts';
import type { OpenDatagrams, OpenFlow } from './flows/open-flow.ts';
import { openPublicDoor } from './flows/public-door.ts';
import type { Names } from './accounts/names.ts';
import { udpRanges, type VisibleResource } from './standing.ts';
import type { Undone } from './system/journal.ts';
import { beginChanges, freeRange, type RoutedNames, type SystemChanges } from './system/system-changes.ts';
import { startWatchdog, type Watchdog } from './watchdog/start-watchdog.ts';
import { lockSystemFromWatchdog } from './watchdog/take-over.ts';

export interface NameCaptureOptions {
  readonly state: StateDirectory;
  /** The wanted range; another is taken where it collides with a route of the host. */
  readonly range: AddressRange;
  readonly uids: readonly number[];
  /** @param domains search domains of this system */
  names(domains: readonly string[]): Names;
  exists(name: Name, resource: VisibleResource): Promise<'yes' | 'no' | 'unknown'>;
  readonly openFlow: OpenFlow;
  readonly openDatagrams: OpenDatagrams;
  /** The addresses that names have could not be written down. */
  notKept(): void;
}

const addressFile = 'addresses.json';
/** Changed addresses are written this long after the first change. */
const writeDelayMs = 500;
/** Between the end of our names and that of the connections to them. */
const hearingMs = 500;
const netAdmin = 12n;

/** Whether this process may change routes and rules: CAP_NET_ADMIN, which root has outside of containers. */
export function mayCapture(): boolean {
  if (process.platform !== 'linux') return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> netAdmin) & 1n) === 1n;
}

export class NameCapture {
  readonly #options: NameCaptureOptions;
  readonly #pool: AddressPool;
  readonly #resolver: Resolver;
  readonly #listener: CaptureListener;
  readonly #changes: SystemChanges;
  readonly #server: DnsServer;
  readonly #udp: UdpCapture;
  readonly #watchdog: Watchdog;
  readonly #release: () => void;
  #writtenVersion = 0;
  /** What the rules let through. */
  #udpPorts = '';
  #writeTimer: NodeJS.Timeout | undefined;

  private constructor(
    options: NameCaptureOptions,
    pool: AddressPool,
    resolver: Resolver,
    system: {
      listener: CaptureListener;
      udp: UdpCapture;
      changes: SystemChanges;
      server: DnsServer;
      watchdog: Watchdog;
      release: () => void;
    },
  ) {
    this.#options = options;
    this.#pool = pool;
    this.#resolver = resolver;
    this.#listener = system.listener;
    this.#udp = system.udp;
    this.#changes = system.changes;
    this.#server = system.server;
    this.#watchdog = system.watchdog;
    this.#release = system.release;
  }

  /** Starts capturing; when this rejects (with a Fault), the system is as it was. */
  static async start(options: NameCaptureOptions): Promise<NameCapture> {
    const release = await lockSystemFromWatchdog(options.state.path);
    try {
      return await NameCapture.#startLocked(options, release);
    } catch (error) {
      release();
      throw error instanceof Fault
        ? error
        : new Fault('internal', `Names cannot be captured: ${String(error)}`, { cause: error });
    }
  }

  static async #startLocked(options: NameCaptureOptions, release: () => void): Promise<NameCapture> {
    const system = await import('./capture/captured-socket.ts');
    const range = await freeRange(options.state, options.range);
    const pool = new AddressPool(range, () => systemClock.nowMs(), readAddresses(options.state));
    let changes: SystemChanges | undefined;
    const names = (): Names => options.names(changes?.searchDomains ?? []);
    const udp = new UdpCapture((target) => options.openDatagrams(target));
    const resolver = createResolver({
      pool,
      given: (name, address) => udp.bind(address, udpPortsOf(name, names())),
      names,
      upstreams: () => changes?.upstreams() ?? [],
      exists: (name, resource) => options.exists(name, resource),
      clock: systemClock,
      random: systemRandom,
    });
    const open: OpenFlow = (target) => {
      const name = pool.nameOf(target.host);
      const isOurs = name === undefined || names().standing(name).is !== 'foreign';
      if (isOurs) return options.openFlow(target);
      return openPublicDoor(
        target,
        name,
        changes?.upstreams() ?? [],
        (address) => offsetOf(range, address) !== undefined,
      );
    };
    const listener = await listenForCaptured(open, system);
    const watchdog = startWatchdog(options.state.path);
    let server: DnsServer | undefined;
    try {
      changes = await beginChanges(options.state, range, { uids: options.uids, port: listener.port });
      const capture: { current?: NameCapture } = {};
      server = await serveDns({
        address: resolverAddress(range),
        port: 53,
        answer: async (message, transport) => {
          const reply = await resolver.answer(message, transport);
          capture.current?.noteAddresses();
          return reply;
        },
      });
      await changes.takeNames(routedNames(names()));
      capture.current = new NameCapture(options, pool, resolver, {
        listener,
        udp,
        changes,
        server,
        watchdog,
        release,
      });
      await capture.current.#followUdp();
      return capture.current;
    } catch (error) {
      await changes?.undo();
      await server?.close();
      listener.close();
      udp.close();
      watchdog.dismiss();
      throw error;
    }
  }

  get changes(): SystemChanges {
    return this.#changes;
  }

  get resolver(): string {
    return this.#server.address;
  }

  nameOf(address: string): Name | undefined {
    return this.#pool.nameOf(address);
  }

  /** The knowledge changed: other zones are routed here, and what was answered before is forgotten. */
  async update(): Promise<void> {
    this.#resolver.flush();
    await this.#changes.setNames(routedNames(this.#names()));
    await this.#followUdp();
  }

  /** Gives names, rules and routes back to the system, then stops answering. */
  async stop(): Promise<Undone> {
    // A page whose connections end asks for its name at once: by then its browser should have heard where to ask now.
    const mayHavePages = this.#names().webNames.length > 0;
    const undone = await this.#changes.undo(async () => {
      if (mayHavePages) await new Promise<void>((resolve) => systemClock.after(hearingMs, resolve));
      // While the rules stand: without them no reset would reach the program, and its connection would hang.
      this.#listener.close();
    });
    this.#watchdog.dismiss();
    this.#release();
    this.#udp.close();
    await this.#server.close();
    clearTimeout(this.#writeTimer);
    this.#writeAddresses();
    return undone;
  }

  /** Has the addresses written down soon, if they changed. */
  noteAddresses(): void {
    if (this.#pool.version === this.#writtenVersion || this.#writeTimer !== undefined) return;
    this.#writeTimer = setTimeout(() => {
      this.#writeTimer = undefined;
      this.#writeAddresses();
    }, writeDelayMs);
  }

  /** Binds what is declared at addresses given before, as programs may remember them, and gives up what no longer is. */
  async #followUdp(): Promise<void> {
    const names = this.#names();
    const declared = names.udpPorts;
    const wanted = declared
      .map(({ from, to }) => `${from}-${to}`)
      .toSorted()
      .join();
    if (wanted !== this.#udpPorts) await this.#changes.setUdpPorts(declared);
    this.#udpPorts = wanted;
    const given = new Map(Array.from(this.#pool.given(), ([name, address]) => [address, name]));
    for (const address of this.#udp.addresses()) if (!given.has(address)) this.#udp.bind(address, []);
    for (const [address, name] of given) this.#udp.bind(address, udpPortsOf(name, names));
  }

  #names(): Names {
    return this.#options.names(this.#changes.searchDomains);
  }

  #writeAddresses(): void {
    if (this.#pool.version === this.#writtenVersion) return;
    this.#writtenVersion = this.#pool.version;
    const isKept = this.#options.state.keepJson(addressFile, {
      schema: 'postern.addresses/v1',
      range: formatRange(this.#pool.range),
      ...this.#pool.state(),
    });
    if (!isKept) this.#options.notKept();
  }
}

/** The UDP ports that this device may use at the name. */
function udpPortsOf(name: Name, names: Names): PortRange[] {
  const standing = names.hostStanding(name);
  return standing.is === 'granted' ? udpRanges(standing.resource.ports) : [];
}

/** Public hostnames are routed here one by one, and do not fail closed. */
function routedNames({ zones, webNames: hostnames }: Names): RoutedNames {
  return { zones, hostnames };
}

/** What was written down, if it looks like it; the pool checks every entry. */
function readAddresses(state: StateDirectory): PoolState | undefined {
  const stored = state.readJson(addressFile);
  const names = typeof stored === 'object' && stored !== null && 'names' in stored ? stored.names : undefined;
  if (!Array.isArray(names)) return undefined;
  const entries: unknown[] = names;
  const valid = (entry: unknown): entry is PoolState['names'][number] =>
    typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string';
  return { names: entries.filter(valid) };
}
