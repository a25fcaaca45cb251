/** The accounts that run on this device now: which they are, what they are called, and how one comes and goes. */
import { Fault, toFault } from '../../protocol/errors.ts';
import { decodeKey, encodeKey } from '../../protocol/keys.ts';
import { openIdentity, type Identity } from '../../protocol/node/identity.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { EnrolmentKey } from '../../protocol/secrets.ts';
import type { EventSource } from '../events.ts';
import type { JoinedBy } from '../local-routes.ts';
import type { SignInPrompt } from '../sign-in/sign-in.ts';
import type { Account } from './account.ts';
import { hostOf } from './host-of.ts';
import type { AccountFolder, AccountFolders } from './account-folders.ts';
import { chooseAccount, nameAccounts } from './account-names.ts';

export interface RunningAccountsOptions {
  readonly state: StateDirectory;
  readonly folders: AccountFolders;
  /** A service account's key; its account is then the only one. */
  readonly key: EnrolmentKey | undefined;
  /** The id of an account that starts although nobody is signed in there, with `controllerUrl` as its controller's address. */
  readonly account: string | undefined;
  readonly controllerUrl: string | undefined;
  /** Whether that account alone starts. */
  readonly isAlone: boolean;
  make(this: void, folder: AccountFolder, controllerUrl: string | undefined): Account;
}

export class RunningAccounts {
  readonly #options: RunningAccountsOptions;
  #all: readonly Account[];

  /** Those to start with, none of them started. Throws where there is none, and a Fault for a key of another controller. */
  constructor(options: RunningAccountsOptions) {
    this.#options = options;
    const { state, key, account, controllerUrl } = options;
    if (key !== undefined) enrolByKey(openIdentity(state), key, state.path);
    const starting = foldersToStart(options);
    if (starting.length === 0) throw new Error('a client needs an enrolment or a key');
    const overridden = account ?? starting[0]?.id;
    this.#all = starting.map((folder) =>
      options.make(folder, folder.id === overridden ? controllerUrl : undefined),
    );
  }

  get all(): readonly Account[] {
    return this.#all;
  }

  get first(): Account | undefined {
    return this.#all[0];
  }

  /** The one that somebody means. Throws a Fault that lists them where none or several are meant. */
  choose(meant: string): Account {
    const account = this.#all[chooseAccount(this.#all, meant)];
    if (account === undefined) throw new Fault('protocol');
    return account;
  }

  nameOf(account: Account): string {
    return nameAccounts(this.#all)[this.#all.indexOf(account)] ?? hostOf(account.url);
  }

  /** What an event of this account says of where it is from. */
  sourceOf(account: Account): EventSource {
    return { account: this.#all.length < 2 ? undefined : this.nameOf(account), url: account.url };
  }

  /**
   * Starts them all. One that cannot start is reported by `failed` and then ends, like one that nobody is signed in to, and the
   * others go on. Rejects with what prevents the last of them where none could start.
   */
  async start(failed: (account: Account, fault: Fault) => void): Promise<void> {
    for (const account of this.#all) {
      try {
        await account.start();
      } catch (error) {
        if (this.#all.length === 1) throw error;
        failed(account, toFault(error));
        this.remove(account);
      }
    }
  }

  /**
   * Adds an account to those that run, or signs in to one that does; the prompt is for whoever asked. Rejects with the
   * Fault of what prevents it, and then none was added.
   */
  async join({ url, root }: JoinedBy): Promise<{ account: Account; prompt: SignInPrompt; isNew: boolean }> {
    const { key, folders, make } = this.#options;
    if (key !== undefined)
      throw new Fault(
        'denied',
        'a service account runs here, and nobody signs in beside it; choose another --state',
      );
    const folder = folders.at(url);
    const running = this.#all.find(({ id }) => id === folder.id);
    if (running !== undefined)
      return { account: running, prompt: await running.signIns.login(undefined), isNew: false };
    enrolByRoot(openIdentity(folder.state), url, root);
    const account = make(folder, undefined);
    this.#all = [...this.#all, account];
    account.remember();
    try {
      await account.start();
      return { account, prompt: await account.firstPrompt(), isNew: true };
    } catch (error) {
      this.remove(account);
      throw error;
    }
  }

  /** Ends one for good. */
  remove(account: Account): void {
    this.#all = this.#all.filter((each) => each !== account);
    account.stop();
  }
}

/** Takes controller and root from the key, unless this device has joined already: then they must be the same. */
function enrolByKey(identity: Identity, { url, root }: EnrolmentKey, path: string): void {
  const { enrolment } = identity;
  if (enrolment?.node === undefined)
    identity.enrol({ schema: 'postern.enrolment/v1', url, root: encodeKey(root) });
  else if (enrolment.root !== encodeKey(root))
    throw new Fault('denied', `${path} belongs to another controller than this key; choose another --state`);
}

/** The same for a person, whose command line read the controller's root when it first met it. */
function enrolByRoot(identity: Identity, url: string, root: string | undefined): void {
  if (identity.enrolment?.node !== undefined) return;
  if (root === undefined || decodeKey(root) === undefined)
    throw new Fault('denied', `the root key of ${url} must be known before the first sign-in`);
  identity.enrol({ schema: 'postern.enrolment/v1', url, root });
}

/** Those that somebody is signed in to, and the one that is asked for; the first where that is nobody. */
function foldersToStart({ key, folders, account, isAlone }: RunningAccountsOptions): AccountFolder[] {
  if (key !== undefined) return [folders.first];
  const known = folders.list();
  const wanted = known.filter(({ id, isSignedIn }) => id === account || (isSignedIn && !isAlone));
  return wanted.length > 0 ? wanted : known.slice(0, 1);
}
