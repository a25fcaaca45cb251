/**
 * What the command line asks of the running client, over the local API. Every call is about one account: the one it names,
 * or the only one that can be meant.
 */
import { Fault } from '../protocol/errors.ts';
import type { LocalRoutes } from '../protocol/node/local-api.ts';
import type { Account } from './accounts/account.ts';
import type { FlowTarget } from './flows/open-flow.ts';
import type { SignInPrompt } from './sign-in/sign-in.ts';
import { findResource } from './standing.ts';
import type { ClientStatus } from './status.ts';
import type { Undone } from './system/journal.ts';
import { explain, listResources } from './why.ts';

/** A controller that a person signs in to. */
export interface JoinedBy {
  readonly url: string;
  /** Base64url; needed where this device has not joined it. */
  readonly root: string | undefined;
}

export interface LocalHost {
  accounts(): readonly Account[];
  /** Throws a Fault where it names none, or several. */
  choose(meant: string): Account;
  nameOf(account: Account): string;
  status(account: Account): ClientStatus;
  join(by: JoinedBy): Promise<{ account: Account; prompt: SignInPrompt }>;
  /** Ends an account that others run beside. */
  leave(account: Account): Promise<void>;
  down(): Promise<{ dns: Undone['resolvConf']; captured: boolean }>;
}

export function localRoutes(host: LocalHost): LocalRoutes {
  const named = (query: URLSearchParams): Account | undefined => {
    const meant = query.get('account');
    return meant === null ? undefined : host.choose(meant);
  };
  /** Where one must be meant, and nothing tells which. */
  const sole = (query: URLSearchParams): Account => {
    const chosen = named(query);
    const accounts = host.accounts();
    const [only] = accounts;
    if (chosen !== undefined || (accounts.length === 1 && only !== undefined))
      return chosen ?? (only as Account);
    throw severalFit('several accounts are signed in', accounts);
  };
  /** The account of the resource that is asked about; the first where none knows it, which then says so. */
  const knowing = (query: URLSearchParams, text: string): Account => {
    const chosen = named(query);
    const [first, ...others] = host.accounts();
    if (chosen !== undefined || first === undefined) return chosen ?? sole(query);
    const fitting = [first, ...others].filter(
      (account) => findResource(text, account.knowledge()) !== undefined,
    );
    if (fitting.length > 1) throw severalFit(`several accounts know "${text}"`, fitting);
    return fitting[0] ?? [first, ...others].find(({ remembers }) => remembers) ?? first;
  };
  const severalFit = (what: string, accounts: readonly Account[]): Fault =>
    new Fault(
      'protocol',
      `${what}; say which with --account: ${accounts.map((account) => host.nameOf(account)).join(', ')}`,
    );
  const resourceIn = (query: URLSearchParams): string => query.get('resource') ?? '';
  return {
    'GET /v1/status': (query) => {
      const [first] = host.accounts();
      const account = named(query) ?? first;
      if (account === undefined) throw new Fault('cancelled');
      return host.status(account);
    },
    'GET /v1/resources': (query) => {
      const account = sole(query);
      return listResources(account.knowledge(), account.flows.reached);
    },
    'GET /v1/why': (query) => {
      const account = knowing(query, resourceIn(query));
      return explain(resourceIn(query), account.knowledge());
    },
    'POST /v1/ping': (query) => {
      const account = knowing(query, resourceIn(query));
      return account.ping.once(resourceIn(query), query.get('look') === '1');
    },
    'POST /v1/ping/target': (query) => {
      const port = query.get('port');
      const account = knowing(query, resourceIn(query));
      return account.ping.target(resourceIn(query), port === null ? undefined : Number(port));
    },
    'POST /v1/login': async (query, body) => {
      const { for: wanted, url, root } = (body ?? {}) as Readonly<Record<string, unknown>>;
      if (typeof url === 'string') {
        const { account, prompt } = await host.join({
          url,
          root: typeof root === 'string' ? root : undefined,
        });
        return { ...prompt, account: account.id };
      }
      const text = typeof wanted === 'string' ? wanted : undefined;
      const account = text === undefined ? sole(query) : knowing(query, text);
      return { ...(await account.signIns.login(text)), account: account.id };
    },
    'POST /v1/logout': async (query, body) => {
      const account = sole(query);
      account.logout((body as { everywhere?: unknown } | undefined)?.everywhere === true);
      if (host.accounts().length === 1) return host.down();
      await host.leave(account);
      return { dns: 'untouched', captured: false, others: true };
    },
    'POST /v1/request': (query, body) => {
      const asked = (body as { wanted?: { resource?: unknown } } | undefined)?.wanted?.resource;
      const account = typeof asked === 'string' ? requestedOf(query, asked) : sole(query);
      return account.questions.ask('request', body);
    },
    'POST /v1/expose': (query, body) => sole(query).questions.ask('expose', body),
    'POST /v1/rotate': async (query) => ({ nodeKey: await sole(query).keys.rotate() }),
    'POST /v1/accept-peer': (query, body) => {
      const { peer } = (body ?? {}) as { peer?: unknown };
      return sole(query).acceptPeer(typeof peer === 'string' ? peer : '');
    },
    'POST /v1/down': () => host.down(),
  };

  /** A request may be for what no snapshot has: then the account must be named. */
  function requestedOf(query: URLSearchParams, text: string): Account {
    const isKnown = host.accounts().some((account) => findResource(text, account.knowledge()) !== undefined);
    return isKnown ? knowing(query, text) : sole(query);
  }
}

/** `name:port` as CONNECT has it; what is no port becomes 0, which no resource lists. */
export function parseTarget(target: string): FlowTarget {
  const match = /^([^:]{1,253}):(\d{1,5})$/.exec(target);
  return { host: match?.[1] ?? '', port: Number(match?.[2] ?? 0) };
}
