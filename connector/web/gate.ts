/**
 * What becomes of a request at the web door, for plain requests and upgrades alike: refused as ambiguous, answered by the door
 * itself, sent to sign in, or passed on by a right that holds now. The only place where that is decided (SEC-C3).
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { Name } from '../../protocol/names.ts';
import type { WebSession } from '../../protocol/web.ts';
import type { ConnectorPass } from '../../protocol/web-resource.ts';
import { readCookies, type OwnCookies } from './cookies.ts';
import type { DeviceFlow } from './device-flow.ts';
import type { WebResource } from './exchange.ts';
import { isForeign, isOwnOrListed } from './foreign-site.ts';
import { refusalNotice, type Notice } from './pages.ts';
import {
  askForPass,
  findPass,
  hasPasses,
  isProgram,
  passObjection,
  shownPass,
  type ShownPass,
} from './passes.ts';
import { ruleFor } from './path-rules.ts';
import { targetOf, type RawRequest, type Target } from './request-target.ts';
import type { Right } from './right.ts';
import { callbackPath, logoutPath, signInNeeded } from './sign-in.ts';
import type { WebSessions } from './web-sessions.ts';
import type { WrongPasses } from './wrong-passes.ts';

export interface Asked {
  readonly raw: RawRequest;
  /** The name in the TLS handshake. */
  readonly servername: string | undefined;
  /** The browser's address as the relay saw it; absent by the client door, which shows none. */
  readonly address: string | undefined;
  /** What came by the client door. */
  readonly device: DeviceFlow | undefined;
  readonly isUpgrade: boolean;
}

/** What the door answers itself. */
export type OwnPage = 'callback' | 'logout' | 'jwks';

export type Verdict =
  /** Not even whose it is can be told: answered without a page, and the connection closed. */
  | { readonly verdict: 'malformed'; readonly status: 400 | 421 }
  | { readonly verdict: 'notice'; readonly notice: Notice; readonly target: Target }
  | {
      readonly verdict: 'sign-in';
      readonly target: Target;
      readonly cookies: OwnCookies;
      readonly fresh?: number;
    }
  | {
      readonly verdict: 'own';
      readonly page: OwnPage;
      readonly target: Target;
      readonly cookies: OwnCookies;
      readonly session: WebSession | undefined;
    }
  | {
      readonly verdict: 'pass';
      readonly target: Target;
      readonly resource: WebResource;
      readonly right: Right | undefined;
      readonly ownAuthorization: boolean;
    };

export interface GateOptions {
  /** The resource that answers for a public hostname. */
  resourceAt(this: void, host: Name): WebResource | undefined;
  readonly passes: () => Readonly<Record<string, ConnectorPass>>;
  readonly sessions: WebSessions;
  readonly lease: Lease;
  readonly wrongPasses: WrongPasses;
}

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  judge(asked: Asked): Verdict {
    const { raw } = asked;
    const target = targetOf(raw, asked.servername);
    if (typeof target === 'number') return { verdict: 'malformed', status: target };
    const resource = this.#options.resourceAt(target.host);
    if (resource === undefined) return { verdict: 'notice', notice: notServed, target };
    const { device } = asked;
    // A grant for one application is none for another that has taken over its name.
    if (device !== undefined && device.resource !== resource.id) return { verdict: 'malformed', status: 421 };
    const cookies = readCookies(cookieOf(raw));
    const held = this.#sessionFor(resource, target, cookies, asked.address);
    const session = typeof held === 'string' ? undefined : held;
    const own = ownPage(target.path);
    if (own === 'other' || (own !== undefined && asked.isUpgrade)) {
      return { verdict: 'notice', notice: noSuchPage, target };
    }
    if (own !== undefined) return { verdict: 'own', page: own, target, cookies, session };
    const site = { own: target.authority, listed: resource.web.allowOrigins };
    if (asked.isUpgrade && !isOwnOrListed(raw, site))
      return { verdict: 'notice', notice: foreignOrigin, target };
    const shown = shownPass(raw);
    const isOtherSite = isForeign(raw, site);
    if (shown === undefined) {
      const right = device?.right() ?? (session === undefined ? (held as CodeName) : this.#rightOf(session));
      const isNobodys = isOtherSite && typeof right !== 'string';
      return this.#byRule(asked, { target, resource, cookies, right: isNobodys ? 'other-site' : right });
    }
    const right = this.#rightByPass(resource, shown);
    if (right === undefined) {
      const mayTry = this.#options.wrongPasses.count(device?.device ?? asked.address ?? '');
      return { verdict: 'notice', notice: mayTry ? wrongPass(shown) : tooManyWrong, target };
    }
    const isOwn = shown.isBasic;
    // Basic credentials are sent along by the browser, whichever site asks; a pair of headers is not.
    const usable = isOwn && isOtherSite ? 'other-site' : right;
    return this.#byRule(asked, { target, resource, cookies, right: usable, ownAuthorization: isOwn });
  }

  #byRule({ raw, device }: Asked, held: Held): Verdict {
    const { target, resource, cookies, ownAuthorization = false } = held;
    const rule = ruleFor(resource.web.rules, raw.method ?? '', target.path);
    if (rule === 'ambiguous') return { verdict: 'malformed', status: 400 };
    if (rule.effect === 'block') return { verdict: 'notice', notice: blocked, target };
    const maintenance = resource.web.maintenance;
    if (maintenance !== undefined) {
      return { verdict: 'notice', notice: { ...underMaintenance, text: maintenance }, target };
    }
    const right = typeof held.right === 'string' ? undefined : held.right;
    const passed = { verdict: 'pass', target, resource, right, ownAuthorization } as const;
    if (rule.effect === 'public') return passed;
    if (held.right === 'other-site') return { verdict: 'notice', notice: foreignOrigin, target };
    if (typeof held.right === 'string') {
      if (device !== undefined) return { verdict: 'notice', notice: refusalNotice(held.right), target };
      return this.#turnAway(raw, held, held.right);
    }
    const { groups, signIn } = rule;
    if (groups !== undefined && !held.right.who.groups.some((group) => groups.includes(group)))
      return { verdict: 'notice', notice: refusalNotice('denied'), target };
    const { signedInS = Number.NEGATIVE_INFINITY } = held.right;
    if (signIn === undefined || this.#options.lease.nowMs() / 1_000 - signedInS <= signIn) return passed;
    if (device !== undefined) return { verdict: 'notice', notice: signInAnew, target };
    return isNavigation(raw)
      ? { verdict: 'sign-in', target, cookies, fresh: signIn }
      : { verdict: 'notice', notice: signInNeeded, target };
  }

  #turnAway(raw: RawRequest, { target, resource, cookies }: Held, code: CodeName): Verdict {
    if (code === 'out-of-contact') return { verdict: 'notice', notice: refusalNotice(code), target };
    if (isNavigation(raw)) return { verdict: 'sign-in', target, cookies };
    const mayShowOne = isProgram(raw) && hasPasses(this.#options.passes(), resource.id);
    return {
      verdict: 'notice',
      notice: mayShowOne ? { ...signInNeeded, headers: askForPass } : signInNeeded,
      target,
    };
  }

  /** The browser's session here, or why it has none that holds: the code that came closest. */
  #sessionFor(
    resource: WebResource,
    target: Target,
    cookies: OwnCookies,
    address: string | undefined,
  ): WebSession | CodeName {
    if (cookies.session === undefined) return 'denied';
    const { sessions } = this.#options;
    let closest: CodeName = 'denied';
    for (const session of sessions.of(target.host, cookies.session)) {
      if (session.res !== resource.id) continue;
      if (resource.web.bySource && session.src !== address) continue;
      const code = sessions.objection(session);
      if (code === undefined) return session;
      if (closest !== 'out-of-contact') closest = code;
    }
    return closest;
  }

  #rightOf(session: WebSession): Right {
    const { sessions } = this.#options;
    return {
      door: 'web',
      id: session.jti,
      resource: session.res,
      sub: session.sub,
      who: session.who,
      ...(session.auth_time === undefined ? {} : { signedInS: session.auth_time }),
      // The controller puts a narrower session in the place of this one before it takes this one away.
      objection: () => sessions.standing(session),
      endsMs: () => sessions.endsMs(session),
    };
  }

  /** Undefined for one that is wrong, or does not hold now: which of the two is nobody's business here. */
  #rightByPass(resource: WebResource, shown: ShownPass): Right | undefined {
    const { passes, lease } = this.#options;
    const found = findPass(passes(), resource.id, shown);
    const objection = (pass: ConnectorPass): CodeName | undefined =>
      passObjection(pass, Object.hasOwn(passes(), pass.id) ? passes()[pass.id] : undefined, lease);
    if (found === undefined || objection(found) !== undefined) return undefined;
    const { id, sub, who, cav } = found;
    return {
      door: 'web',
      id,
      resource: resource.id,
      sub,
      who,
      objection: () => objection(found),
      endsMs: () => Math.min(cav.until * 1_000, lease.honouredUntilMs(cav.out) + 1),
    };
  }
}

interface Held {
  readonly target: Target;
  readonly resource: WebResource;
  readonly cookies: OwnCookies;
  /** By what right, or why there is none; `other-site`: there is one, which a page of another site must not use. */
  readonly right: Right | CodeName | 'other-site';
  readonly ownAuthorization?: boolean;
}

/** Whether a person is looking: a page that is opened, which may be sent elsewhere and back. */
export function isNavigation({ method, headers }: RawRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? acceptsPages(headers.accept) : mode === 'navigate';
}

/** Whether an answer is for people to read. */
export function wantsPage({ headers }: RawRequest): boolean {
  const mode = headers['sec-fetch-mode'];
  return (mode === undefined || mode === 'navigate') && acceptsPages(headers.accept);
}

function acceptsPages(accept: string | undefined): boolean {
  return accept?.includes('text/html') === true;
}

/** Everything below `/.postern` in any spelling is the door's, and never the origin's. */
function ownPage(path: string): OwnPage | 'other' | undefined {
  switch (path) {
    case callbackPath:
      return 'callback';
    case logoutPath:
      return 'logout';
    case '/.postern/jwks.json':
      return 'jwks';
    default:
      if (!/postern|%/i.test(path)) return undefined;
      return isBelowOurs(decoded(path)) ? 'other' : undefined;
  }
}

/** Also where a server would climb back to it. */
function isBelowOurs(text: string): boolean {
  const climbed = URL.parse(`http://x${text}`)?.pathname ?? '';
  return [text, climbed].some((path) => /^[/\\]+\.postern([/\\;]|$)/i.test(path));
}

/** As the most eager server decodes it. */
function decoded(path: string): string {
  let text = path;
  for (let round = 0; round < 2; round++) {
    text = text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCodePoint(Number.parseInt(digits, 16)),
    );
  }
  return text.replaceAll('/./', '/');
}

function cookieOf(raw: RawRequest): string | undefined {
  return raw.headers.cookie;
}

function wrongPass({ isBasic }: ShownPass): Notice {
  return {
    status: 401,
    error: 'pass-not-valid',
    title: 'This pass does not open this',
    text: 'The service token or device pass is mistyped, expired, revoked, or for another application.',
    ...(isBasic ? { headers: askForPass } : {}),
  };
}

const tooManyWrong: Notice = {
  status: 429,
  error: 'too-many-wrong-passes',
  title: 'Too many wrong passes',
  text: 'Too many service tokens or device passes from here were wrong. Wait a minute, then use a right one.',
  headers: { 'retry-after': '60' },
};

const notServed: Notice = {
  status: 404,
  error: 'not-served',
  title: 'Nothing is here',
  text: 'No application answers at this address.',
};

const noSuchPage: Notice = { ...notServed, text: 'There is no such page.' };

const blocked: Notice = {
  status: 403,
  error: 'path-blocked',
  title: 'You may not open this',
  text: 'This part of the application is closed to everyone. Its administrator has set this.',
};

const foreignOrigin: Notice = {
  status: 403,
  error: 'foreign-origin',
  title: 'You may not open this',
  text: 'A page of another site asked for this, and the application does not list that site.',
};

/** By the client door nobody can be sent to sign in: the session is the device's. */
const signInAnew: Notice = {
  status: 403,
  error: 'sign-in-too-old',
  title: 'Sign in once more',
  text: 'This part of the application needs a newer sign-in than that of this computer. Run "postern login" on it, then open the page again.',
};

const underMaintenance: Notice = {
  status: 503,
  error: 'maintenance',
  title: 'Closed for maintenance',
  text: '',
};
