/**
 * What becomes of a request at the web door, for plain requests and upgrades alike: refused as ambiguous, answered by the door
 * itself, sent to sign in, or passed on by a right that holds now. The only place where that is decided (SEC-C3).
 */
import type { CodeName } from '../../protocol/errors.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { Name } from '../../protocol/names.ts';
import type { Door } from '../../protocol/policy-document.ts';
import type { WebSession } from '../../protocol/web.ts';
import type { PathRule } from '../../protocol/web-resource.ts';
import type { OwnCookies } from './cookies.ts';
import type { DeviceFlow } from '../flows/device-flow.ts';
import type { WebResource } from '../flows/resource-at.ts';
import type { Standing } from './exchange.ts';
import { isForeign, isOwnOrListed, type Site } from './foreign-site.ts';
import {
  foreignOrigin,
  groupNeeded,
  noSuchPage,
  notServed,
  pathBlocked,
  pathsOf,
  refusalNotice,
  signInAnew,
  tooManyWrong,
  underMaintenance,
  wrongPass,
} from './gate-notices.ts';
import type { Notice } from './pages.ts';
import { askForPass, isProgram, shownPass, type ShownPass } from './passes.ts';
import { ruleFor } from './path-rules.ts';
import { isPreflight } from './preflight.ts';
import { targetOf, type RawRequest, type Target } from './request-target.ts';
import type { Right } from '../flows/right.ts';
import type { Rights } from './rights.ts';
import { checkRule, type Checked } from './rule-check.ts';
import { callbackPath, logoutPath, signInNeeded } from './sign-in.ts';
import type { WrongPasses } from './wrong-passes.ts';

export interface Asked {
  readonly raw: RawRequest;
  readonly cookies: OwnCookies;
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

/** A request that somebody or something was kept from by, as it is written down. */
export interface Refusal {
  readonly resource: WebResource;
  readonly target: Target;
  /** Whose right it was that did not do; undefined where nobody showed one. */
  readonly right: Right | undefined;
  readonly code: CodeName;
  /** As answers name it; undefined where the code says it all. */
  readonly cause?: string;
  /** The paths of the rule that refused. */
  readonly rule?: string;
}

export type Verdict =
  /** It can be read in several ways: answered without a page, and the connection closed. */
  | { readonly verdict: 'malformed'; readonly status: 400 | 421; readonly refusal?: Refusal }
  | {
      readonly verdict: 'notice';
      readonly notice: Notice;
      readonly target: Target;
      /** Undefined where nobody was refused: there is nothing there, or it is not known yet who asks. */
      readonly refusal?: Refusal;
    }
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
      /** What it fell under, by the resource as it was then. */
      readonly rule: PathRule;
    };

export type Passed = Extract<Verdict, { verdict: 'pass' }>;

export interface GateOptions {
  /** The resource that answers for a public hostname. */
  resourceAt(this: void, host: Name): WebResource | undefined;
  readonly rights: Rights;
  readonly lease: Lease;
  readonly wrongPasses: WrongPasses;
  /** Where the controller says why `host` is not opened by this door; undefined before the first snapshot. */
  whyNot(this: void, host: Name, door: Door): string | undefined;
}

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  judge(asked: Asked): Verdict {
    const { raw, cookies } = asked;
    const target = targetOf(raw, asked.servername);
    if (typeof target === 'number') return { verdict: 'malformed', status: target };
    const resource = this.#options.resourceAt(target.host);
    if (resource === undefined) return { verdict: 'notice', notice: notServed, target };
    const { device } = asked;
    // A grant for one application is none for another that has taken over its name.
    if (device !== undefined && device.resource !== resource.id) return { verdict: 'malformed', status: 421 };
    const held = this.#options.rights.sessionOf(resource, target.host, cookies.session, asked.address);
    const session = typeof held === 'string' ? undefined : held;
    const own = ownPage(target.path);
    if (own === 'other' || (own !== undefined && asked.isUpgrade)) {
      return { verdict: 'notice', notice: noSuchPage, target };
    }
    if (own !== undefined) return { verdict: 'own', page: own, target, cookies, session };
    const site = siteOf(target, resource);
    if (asked.isUpgrade && !isOwnOrListed(raw, site))
      return refused(foreignOrigin, { resource, target, right: undefined, code: 'denied' });
    const shown = shownPass(raw);
    const isOtherSite = isForeign(raw, site);
    if (shown === undefined) {
      const right = device?.right() ?? this.#rightOf(held, asked);
      const mayAsk = device === undefined || typeof right !== 'string';
      if (mayAsk && isPreflight(raw, site.listed))
        return this.#byRule(asked, { target, resource, cookies, right: 'denied', isPreflight: true });
      const isNobodys = isOtherSite && typeof right !== 'string';
      return this.#byRule(asked, { target, resource, cookies, right: isNobodys ? 'other-site' : right });
    }
    const right = this.#options.rights.byPass(resource, shown);
    if (right === undefined) return this.#wrongPass(asked, { target, resource }, shown);
    const isOwn = shown.isBasic;
    // Basic credentials are sent along by the browser, whichever site asks; a pair of headers is not.
    const usable = isOwn && isOtherSite ? 'other-site' : right;
    return this.#byRule(asked, { target, resource, cookies, right: usable, ownAuthorization: isOwn });
  }

  /** Whether what was passed would pass now as well; asked for as long as its answer, or its upgraded connection, is open. */
  standing(passed: Passed, { raw, device, isUpgrade }: Asked): Standing {
    const { lease, resourceAt } = this.#options;
    const { target, right } = passed;
    const resource = resourceAt(target.host);
    if (resource?.id !== passed.resource.id) {
      const known = parseId('res', passed.resource.id);
      return { code: known !== undefined && lease.isRevoked(known) ? 'revoked' : 'denied' };
    }
    const flow = device?.right();
    if (typeof flow === 'string') return { code: flow };
    const now = right?.now();
    if (typeof now === 'string') return { code: now };
    // A snapshot that says anything else of the resource has other objects.
    const isSame = resource.web === passed.resource.web;
    const rule = isSame ? passed.rule : ruleFor(resource.web.rules, raw.method ?? '', target.path);
    const site = siteOf(target, resource);
    const asks = right === undefined && isPreflight(raw, site.listed) ? 'preflight' : now;
    const checked = checkRule(rule, resource.web, asks, lease.nowMs());
    if (checked.outcome !== 'open') return { code: codeOf(checked), cause: checked.outcome };
    const isPersonal = now !== undefined && checked.rule.effect !== 'public';
    if (isUpgrade ? !isOwnOrListed(raw, site) : isPersonal && isUsedByOther(raw, site))
      return { code: 'denied', cause: foreignOrigin.error };
    return { endsMs: Math.min(checked.endsMs, now?.endsMs() ?? Number.POSITIVE_INFINITY) };
  }

  #byRule({ raw, device }: Asked, held: Held): Verdict {
    const { target, resource, cookies, ownAuthorization = false } = held;
    const { lease, whyNot } = this.#options;
    const right = typeof held.right === 'string' ? undefined : held.right;
    const rule = ruleFor(resource.web.rules, raw.method ?? '', target.path);
    const asks = held.isPreflight === true ? 'preflight' : right;
    const checked = checkRule(rule, resource.web, asks, lease.nowMs());
    const of = { resource, target, right, code: codeOf(checked) };
    switch (checked.outcome) {
      case 'open':
        return {
          verdict: 'pass',
          target,
          resource,
          right,
          ownAuthorization,
          rule: checked.rule,
        };
      case 'path-ambiguous':
        return { verdict: 'malformed', status: 400, refusal: { ...of, cause: checked.outcome } };
      case 'path-blocked':
        return refused(pathBlocked(checked.rule), { ...of, rule: pathsOf(checked.rule) });
      case 'maintenance':
        return { verdict: 'notice', notice: underMaintenance(checked.text), target };
      case 'sign-in-needed': {
        if (held.right === 'other-site') return refused(foreignOrigin, of);
        const code = typeof held.right === 'string' ? held.right : 'denied';
        if (device === undefined) return this.#turnAway(raw, { target, resource, cookies }, code);
        return refused(refusalNotice(code, 'client', whyNot(target.host, 'client')), { ...of, code });
      }
      case 'group-needed': {
        const door = device === undefined ? 'web' : 'client';
        const notice = groupNeeded(checked.rule, whyNot(target.host, door));
        return refused(notice, { ...of, rule: pathsOf(checked.rule) });
      }
      default: {
        if (device === undefined && isNavigation(raw))
          return { verdict: 'sign-in', target, cookies, fresh: checked.signInS };
        const notice = device === undefined ? signInNeeded : signInAnew;
        return refused(notice, { ...of, cause: checked.outcome, rule: pathsOf(checked.rule) });
      }
    }
  }

  #turnAway(
    raw: RawRequest,
    { target, resource, cookies }: Pick<Held, 'target' | 'resource' | 'cookies'>,
    code: CodeName,
  ): Verdict {
    if (code === 'out-of-contact')
      return refused(refusalNotice(code, 'web', undefined), { resource, target, right: undefined, code });
    if (isNavigation(raw)) return { verdict: 'sign-in', target, cookies };
    const mayShowOne = isProgram(raw) && this.#options.rights.hasPasses(resource);
    return {
      verdict: 'notice',
      notice: mayShowOne ? { ...signInNeeded, headers: askForPass } : signInNeeded,
      target,
    };
  }

  #wrongPass(
    { address, device }: Asked,
    of: Pick<Refusal, 'target' | 'resource'>,
    shown: ShownPass,
  ): Verdict {
    const mayTry = this.#options.wrongPasses.count(device?.device ?? address ?? '');
    const code = mayTry ? 'denied' : 'limit';
    return refused(mayTry ? wrongPass(shown) : tooManyWrong, { ...of, right: undefined, code });
  }

  #rightOf(held: WebSession | CodeName, { address }: Asked): Right | CodeName {
    return typeof held === 'string' ? held : this.#options.rights.bySession(held, address);
  }
}

interface Held {
  readonly target: Target;
  readonly resource: WebResource;
  readonly cookies: OwnCookies;
  /** By what right, or why there is none; `other-site`: there is one, which a page of another site must not use. */
  readonly right: Right | CodeName | 'other-site';
  /** A question that nobody is asked to sign in for. */
  readonly isPreflight?: boolean;
  readonly ownAuthorization?: boolean;
}

/** Whether a person is looking: a page that is opened, which may be sent elsewhere and back. */
function isNavigation({ method, headers }: RawRequest): boolean {
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

function siteOf({ authority }: Target, { web }: WebResource): Site {
  return { own: authority, listed: web.allowOrigins };
}

/** Whether a page of another site makes the browser show what it has of somebody; a pair of headers it does not have. */
function isUsedByOther(raw: RawRequest, site: Site): boolean {
  return isForeign(raw, site) && shownPass(raw)?.isBasic !== false;
}

/** How a flow ends, or an attempt is recorded, that a rule stands against. */
function codeOf({ outcome }: Checked): CodeName {
  if (outcome === 'path-ambiguous') return 'protocol';
  return outcome === 'sign-in-too-old' ? 'expired' : 'denied';
}

/** The cause is the one that the notice names, unless the code says it already. */
function refused(notice: Notice, refusal: Refusal): Verdict {
  const cause = refusal.cause ?? (notice.error === refusal.code ? undefined : notice.error);
  return {
    verdict: 'notice',
    notice,
    target: refusal.target,
    refusal: cause === undefined ? refusal : { ...refusal, cause },
  };
}
