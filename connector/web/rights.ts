/**
 * By what right a browser or a program comes at a hostname: the session of its cookie, or the pass that it shows. Says who
 * somebody is and until when; what they may open there is the gate's to say.
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { Name } from '../../protocol/names.ts';
import type { WebSession } from '../../protocol/web.ts';
import type { ConnectorPass } from '../../protocol/web-resource.ts';
import type { WebResource } from '../flows/resource-at.ts';
import { findPass, hasPasses, passObjection, type ShownPass } from './passes.ts';
import type { Right } from '../flows/right.ts';
import type { WebSessions } from './web-sessions.ts';

export interface RightsOptions {
  /** The resource that answers for a public hostname. */
  resourceAt(this: void, host: Name): WebResource | undefined;
  readonly passes: () => Readonly<Record<string, ConnectorPass>>;
  readonly sessions: WebSessions;
  readonly lease: Lease;
}

/** Where a cookie was shown. */
interface Shown {
  /** SHA-256 of the cookie, base64url. */
  readonly cookie: string;
  /** The browser's address, where it is known. */
  readonly address: string | undefined;
}

export class Rights {
  readonly #options: RightsOptions;
  /** Of each session, as it was last shown: every request of a page asks for the same one. */
  readonly #shown = new WeakMap<
    WebSession,
    { readonly address: string | undefined; readonly right: Right }
  >();

  constructor(options: RightsOptions) {
    this.#options = options;
  }

  /**
   * The browser's session at `host`, or why it has none that holds: the code that came closest.
   * @param cookie SHA-256, base64url
   */
  sessionOf(
    resource: WebResource,
    host: Name,
    cookie: string | undefined,
    address: string | undefined,
  ): WebSession | CodeName {
    return cookie === undefined ? 'denied' : this.#find(resource, host, { cookie, address });
  }

  /** @param address of the browser that shows its cookie */
  bySession(session: WebSession, address: string | undefined): Right {
    const shown = this.#shown.get(session);
    if (shown !== undefined && shown.address === address) return shown.right;
    const { sessions } = this.#options;
    const right: Right = {
      door: 'web',
      id: session.jti,
      resource: session.res,
      sub: session.sub,
      ids: [session.jti, session.sub, session.ses, session.res],
      who: session.who,
      ...(session.auth_time === undefined ? {} : { signedInS: session.auth_time }),
      // The controller puts a narrower session in the place of this one before it takes this one away.
      now: () => {
        const found = this.#inPlaceOf(session, address);
        // Where nothing is known of the cookie any more, what became of this one says why.
        if (found === 'denied') return sessions.objection(session) ?? found;
        if (typeof found === 'string') return found;
        return found === session ? right : this.bySession(found, address);
      },
      endsMs: () => sessions.endsMs(session),
    };
    this.#shown.set(session, { address, right });
    return right;
  }

  /** Undefined for one that is wrong, or does not hold now: which of the two is nobody's business here. */
  byPass(resource: WebResource, shown: ShownPass): Right | undefined {
    const found = findPass(this.#options.passes(), resource.id, shown);
    const right = found === undefined ? undefined : this.#ofPass(found);
    return typeof right === 'string' ? undefined : right;
  }

  /** Whether a program could come to this resource by a pass at all. */
  hasPasses({ id }: WebResource): boolean {
    return hasPasses(this.#options.passes(), id);
  }

  #find(resource: WebResource, host: Name, { cookie, address }: Shown): WebSession | CodeName {
    const { sessions } = this.#options;
    let closest: CodeName = 'denied';
    for (const session of sessions.of(host, cookie)) {
      if (session.res !== resource.id) continue;
      if (resource.web.bySource && session.src !== address) continue;
      const code = sessions.objection(session);
      if (code === undefined) return session;
      // The newest says best why, unless another one would hold if the controller were heard.
      if (closest === 'denied' || code === 'out-of-contact') closest = code;
    }
    return closest;
  }

  /** What the cookie of a session stands for by now. */
  #inPlaceOf({ aud, ch, res }: WebSession, address: string | undefined): WebSession | CodeName {
    const resource = this.#options.resourceAt(aud);
    return resource?.id === res ? this.#find(resource, aud, { cookie: ch, address }) : 'denied';
  }

  /** As the controller last spoke of it. */
  #ofPass(pass: ConnectorPass): Right | CodeName {
    const { passes, lease } = this.#options;
    const current = Object.hasOwn(passes(), pass.id) ? passes()[pass.id] : undefined;
    const code = passObjection(pass, current, lease);
    if (code !== undefined || current === undefined) return code ?? 'revoked';
    const { id, sub, who, cav } = current;
    return {
      door: 'web',
      id,
      resource: pass.res,
      sub,
      ids: [id, sub, pass.res],
      who,
      now: () => this.#ofPass(pass),
      endsMs: () => Math.min(cav.until * 1_000, lease.honouredUntilMs(cav.out) + 1),
    };
  }
}
