/** The web door of a controller without its network: a signed-in browser, connectors on control channels in memory. */
import { createHash } from 'node:crypto';
import { ControlServer } from '../../../controller/control/control-server.ts';
import type { Mailer } from '../../../controller/notifications/mailer.ts';
import { recordSignIn } from '../../../controller/login/record-sign-in.ts';
import type { OrganisationDocument, ResourceDocument } from '../../../protocol/organisation-document.ts';
import type { PolicyDocument } from '../../../protocol/policy-document.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { FromControllerOf } from '../../../protocol/control.ts';
import type { NetworkId } from '../../../protocol/ids.ts';
import { verifyWebSession, type WebSession } from '../../../protocol/web.ts';
import { testPortal, testUrl, type TestPortal } from '../../login/support/portal.ts';
import { acmeDocument } from '../support/document.ts';
import { TestNode } from '../support/node.ts';

export const wikiHost = 'wiki.acme.example';

/** Alice is one of the staff, who may open the wiki in a browser; the printer of the other network has a door as well. */
export function webDocument(
  more: Partial<OrganisationDocument> = {},
  wiki: Partial<ResourceDocument> = {},
): OrganisationDocument {
  const document = acmeDocument();
  const resources = (document.resources ?? []).map((resource): ResourceDocument => {
    if (resource.name === 'wiki')
      return {
        ...resource,
        web: { hostname: wikiHost, origin: 'http://wiki.acme.internal:80' },
        ...wiki,
      };
    return resource.name === 'printer'
      ? { ...resource, web: { hostname: 'printer.acme.example', origin: 'http://10.20.0.9:80' } }
      : resource;
  });
  const policies: PolicyDocument[] = [
    ...(document.policies ?? []),
    { name: 'sre-printer', allow: { groups: ['sre'] }, to: { resources: ['printer'] } },
  ];
  return { ...document, resources, policies, ...more };
}

export interface Redeemed {
  readonly answer: FromControllerOf<'redeemed'>;
  /** The session cookie's hash. */
  readonly ch: string;
}

export class WebBench {
  readonly portal: TestPortal;
  readonly control: ControlServer;
  readonly context: TestPortal['context'];
  readonly time: { readonly clock: TestPortal['context']['clock'] };
  #requests = 0;

  private constructor(portal: TestPortal, control: ControlServer) {
    this.portal = portal;
    this.control = control;
    this.context = portal.context;
    this.time = { clock: portal.context.clock };
  }

  static async open(
    test: { after(done: () => Promise<void>): void },
    document = webDocument(),
    mailer?: Mailer,
  ): Promise<WebBench> {
    const portal = await testPortal(test, [], testUrl, mailer);
    const control = new ControlServer({ context: portal.context, attempts: portal.attempts });
    test.after(async () => control.close());
    await portal.apply(document);
    return new WebBench(portal, control);
  }

  /** A connector of the network that has had its snapshot. */
  async connector(network = 'hq'): Promise<TestNode> {
    const node = new TestNode(this, 'connector');
    await node.enrol({ secret: await this.#key(network) });
    return node;
  }

  /** The cookie of somebody who has just signed in. */
  async cookie(
    subject = 'a1',
    more: { groups?: string[]; amr?: string[]; address?: string; email?: string } = {},
  ): Promise<string> {
    const { context } = this;
    const { groups = ['staff'], amr = ['pwd'], address = '203.0.113.9', email = 'alice@acme.example' } = more;
    const signedIn = await recordSignIn(context, context.organisation(context.firstOrganisation), {
      issuer: 'https://idp.acme.example',
      provider: 'corp',
      identity: { subject, name: 'Alice', email, groups, authMs: context.now(), amr },
      address,
    });
    return signedIn.cookie;
  }

  /** Where a browser is sent that comes from a connector. */
  async start(
    cookie: string | undefined,
    query: Record<string, string> = {},
    address = '203.0.113.9',
  ): Promise<{ status: number; to: URL; verifier: Buffer }> {
    const verifier = systemRandom(32);
    const c = sha256(verifier);
    const asked = new URLSearchParams({ host: wikiHost, c, n: '0a1b', rd: '/page?x=1', ...query });
    const answer = await this.portal.app.inject({
      method: 'GET',
      url: `/web/start?${asked.toString()}`,
      remoteAddress: address,
      headers: cookie === undefined ? {} : { cookie: `__Host-postern-session=${cookie}` },
    });
    const to = new URL(answer.headers['location'] ?? '/', testUrl);
    return { status: answer.statusCode, to, verifier };
  }

  /** What the connector is answered for a code. */
  async redeem(
    connector: TestNode,
    code: string,
    verifier: Buffer,
    { host = wikiHost, addr }: { host?: string; addr?: string } = {},
  ): Promise<Redeemed> {
    const id = ++this.#requests;
    const ch = sha256(systemRandom(32));
    connector.send({
      t: 'redeem',
      id,
      code,
      verifier: verifier.toString('base64url'),
      host,
      ch,
      ...(addr === undefined ? {} : { addr }),
    });
    const answer = await connector.until((message) => message.t === 'redeemed' && message.re === id);
    return { answer: answer as FromControllerOf<'redeemed'>, ch };
  }

  /** A browser that is let in: its web session as the connector verified it. */
  async enter(
    connector: TestNode,
    cookie: string,
    { addr, ...query }: Record<string, string> = {},
  ): Promise<{ session: WebSession; ch: string; jws: string }> {
    const { to, verifier } = await this.start(cookie, query);
    const code = to.searchParams.get('code');
    if (code === null) throw new Error(`no code: ${to.href}`);
    const { answer, ch } = await this.redeem(connector, code, verifier, addr === undefined ? {} : { addr });
    if (answer.jws === undefined) throw new Error(`no session: ${answer.code ?? ''}`);
    const session = await this.verify(answer.jws, connector);
    if (session === undefined) throw new Error('the session does not verify');
    return { session, ch, jws: answer.jws };
  }

  async verify(jws: string, connector: TestNode): Promise<WebSession | undefined> {
    const { card } = await this.context.card();
    const { snapshot } = connector;
    const network = snapshot?.kind === 'connector' ? snapshot.network.id : '';
    const nowS = Math.floor(this.context.now() / 1_000);
    return verifyWebSession(jws, card, { network: network as NetworkId, serves: () => true }, nowS);
  }

  /** Ids that this connector has heard to be revoked. */
  revoked(connector: TestNode): string[] {
    return connector.all('revoke').flatMap(({ ids }) => ids);
  }

  /** A call of the portal as its own pages make it. */
  async call(cookie: string, method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object) {
    return this.portal.app.inject({
      method,
      url: `/api/v1/${path}`,
      remoteAddress: '203.0.113.9',
      headers: {
        cookie: `__Host-postern-session=${cookie}`,
        origin: testUrl.origin,
        'sec-fetch-site': 'same-origin',
      },
      ...(payload === undefined ? {} : { payload }),
    });
  }

  async #key(network: string): Promise<string> {
    const answer = await this.portal.admin('POST', '/api/v1/enrolment-keys', {
      purpose: 'connector',
      name: network,
      uses: 10,
    });
    if (answer.statusCode !== 201) throw new Error(answer.body);
    return answer.json<{ key: string }>().key;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
