/**
 * The controller as a running program: data, API, control channels and the one port they share. The command line starts
 * it and may mount a relay on the same port; tests start it on port 0.
 */
import { isIP, type AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { controlPath } from '../protocol/discovery.ts';
import type { PeerBounds } from '../protocol/slow-peers.ts';
import { buildApp, type AppOptions } from './api/app.ts';
import type { ControllerContext } from './context.ts';
import { ControlServer } from './control/control-server.ts';
import { decideAll } from './decisions/act-on-change.ts';
import { LoginAttempts } from './enrolment/login-attempts.ts';
import type { Authority, ServerCertificate } from './keys/authority.ts';
import { endEverything } from './operator/suspension.ts';
import { watchOrganisations } from './operator/watch-organisations.ts';
import { sweepRequests } from './requests/end-requests.ts';
import { ControllerWatch } from './live/controller-watch.ts';
import { SourcePoller } from './posture/source-poller.ts';
import type { Front } from '../protocol/fed-server.ts';
import { ProxiedPort } from '../protocol/proxied-port.ts';
import { Listener, type Certificate, type UpgradeHandler } from './listener.ts';
import { openController, type OpenOptions } from './open-controller.ts';

/** Names of this machine that the built-in certificate carries beside the public host. */
const localHosts = ['localhost', 'postern.localhost', '127.0.0.1', '::1'];
/** The certificate is looked at this often and renewed in the last third of its life. */
const renewalCheckMs = 12 * 3_600_000;
const renewBeforeMs = 30 * 24 * 3_600_000;

export interface ControllerOptions extends Omit<OpenOptions, 'builtInAuthority'> {
  readonly listen: { readonly host: string; readonly port: number };
  /** From files; without it the built-in authority issues one, where the public URL is https. */
  readonly certificate?: Certificate;
  /** What peers of the port are held to, unless the usual. */
  readonly bounds?: PeerBounds;
  /** Sign-in and pages: what they add to the application, made once the login attempts exist. */
  readonly extend?: (
    context: ControllerContext,
    attempts: LoginAttempts,
  ) => Pick<AppOptions, 'authenticators' | 'register'>;
  /** Further upgrade paths, e.g. the embedded relay's. */
  readonly upgrades?: (context: ControllerContext) => Promise<Readonly<Record<string, UpgradeHandler>>>;
  /** Who looks at each TLS connection of the port first, asked for once the upgrades exist. */
  readonly front?: () => Front | undefined;
}

export interface RunningController {
  readonly context: ControllerContext;
  readonly address: AddressInfo;
  readonly control: ControlServer;
  readonly app: FastifyInstance;
  /** Says where it is asked whether it is ready that it is about to end; goes on as before until `stop`. */
  leave(): void;
  /** Tells nodes to come back later, answers what is under way and closes the data. */
  stop(): Promise<void>;
}

/** Starts a controller; resolves when it listens. Rejects with a sentence when data, port or certificate do not serve. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { publicUrl } = options;
  const isTls = publicUrl.protocol === 'https:';
  const opened = await openController({
    ...options,
    // Also of a trial without TLS, whose public hostnames have certificates all the same.
    builtInAuthority: options.certificate === undefined,
  });
  const { context } = opened;
  const undo: (() => void | Promise<unknown>)[] = [() => opened.close()];
  try {
    await decideEverywhere();
    for (const { id, isSuspended } of context.organisations.all)
      if (isSuspended) await endEverything(context, id);
    const attempts = new LoginAttempts(context);
    const { authority } = context;
    const own = authority === undefined || !isTls ? undefined : await issue(authority, context);
    const listener = new Listener(
      isTls ? (options.certificate ?? own) : undefined,
      context.clock,
      options.bounds,
    );
    undo.push(() => listener.close(context.clock));
    const app = await buildApp({
      context,
      ...options.extend?.(context, attempts),
      serverFactory: (handle) => listener.server.on('request', handle),
    });
    undo.push(() => app.close());
    const control = new ControlServer({ context, attempts });
    undo.push(() => control.close());
    const upgrades = (await options.upgrades?.(context)) ?? {};
    listener.routeUpgrades({
      ...upgrades,
      [controlPath]: (request, socket, head) => control.handleUpgrade(request, socket, head),
    });
    const front = options.front?.();
    const { trustsProxy: trusts } = options;
    listener.putBehind({
      isHost: (name) => hostsOf(context).includes(name),
      ...(front === undefined ? {} : { front }),
      ...(trusts === undefined ? {} : { proxied: new ProxiedPort({ trusts, clock: context.clock }) }),
    });
    const address = await listener.listen(options.listen.host, options.listen.port);
    if (options.database !== undefined) {
      const { store, live, id, clock, log } = context;
      const isShared = options.redis !== undefined;
      const watch = new ControllerWatch({
        store,
        live,
        id,
        seen: context.controllers,
        isShared,
        clock,
        log,
        takeOver: decideEverywhere,
      });
      await watch.start();
      undo.push(() => watch.stop());
    }
    const poller = new SourcePoller(context);
    undo.push(() => poller.stop());
    const organisations = await context.store.organisations();
    poller.start(organisations);
    for (const organisation of organisations) await sweepRequests(context, organisation);
    const kept =
      authority === undefined || own === undefined
        ? undefined
        : keepRenewed(context, authority, listener, own.expiresMs);
    if (kept !== undefined) undo.push(kept.stop);
    undo.push(watchOrganisations(context, { addressed: () => kept?.renew() }));
    return { context, address, control, app, leave, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function decideEverywhere(): Promise<void> {
    for (const organisation of await context.store.organisations()) await decideAll(context, organisation);
  }

  function leave(): void {
    context.isLeaving = true;
  }

  /** Takes back what was started, the last first. */
  async function stop(): Promise<void> {
    leave();
    context.isDraining = true;
    for (const step of undo.splice(0).toReversed()) await step();
  }
}

function issue(authority: Authority, context: ControllerContext): Promise<ServerCertificate> {
  return authority.issue([...new Set([...hostsOf(context), ...localHosts])]);
}

/** Where people and nodes reach it: the public URL's host and those of the organisations' sign-in addresses. */
function hostsOf({ publicUrl, organisations }: ControllerContext): string[] {
  return [hostOf(publicUrl), ...organisations.hosts];
}

/** Renews the built-in certificate before its end, or when `renew` is called, without a restart. */
function keepRenewed(
  context: ControllerContext,
  authority: Authority,
  listener: Listener,
  expiresMs: number,
): { readonly renew: () => void; readonly stop: () => void } {
  const { clock, now, log } = context;
  let expires = expiresMs;
  const renew = (): void => {
    issue(authority, context).then(
      (renewed) => {
        expires = renewed.expiresMs;
        listener.renew(renewed);
      },
      (error: unknown) => log.error({ err: error }, 'the TLS certificate was not renewed'),
    );
  };
  const check = (): (() => void) =>
    clock.after(renewalCheckMs, () => {
      cancel = check();
      if (expires - now() <= renewBeforeMs) renew();
    });
  let cancel = check();
  return { renew, stop: () => cancel() };
}

/** The host of a URL as certificates name it: an IPv6 literal without brackets. */
function hostOf({ hostname }: URL): string {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 6 ? bare : hostname;
}
