/** `postern up`: signs in, answers names and carries flows until it is stopped. */
import type { Command } from 'commander';
import type { Client, ClientOptions, Listen } from '../client/client.ts';
import { AccountFolders } from '../client/accounts/account-folders.ts';
import { exits, Fault } from '../protocol/errors.ts';
import { collectAfterStart } from '../protocol/link/collect-garbage.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../protocol/secrets.ts';
import type { ClientStatus } from '../client/status.ts';
import { chosenFolder } from './account-choice.ts';
import { configurable } from './config-option.ts';
import { count } from './count.ts';
import { parseListen } from './listen-option.ts';
import { EventPrinter, sayAccountReady } from './event-printer.ts';
import { action, CommandError, say } from './output.ts';
import { enrolPerson, type ControllerOptions } from './person-enrolment.ts';
import { readSecret } from './secret.ts';
import { untilSignal } from './signals.ts';
import { exitOfStart } from './start-exit.ts';
import { stateOption } from './state-option.ts';

interface Options extends ControllerOptions {
  key?: string;
  keyFile?: string;
  state: string;
  capture: string;
  range: string;
  socks?: Listen;
  httpProxy?: Listen;
  browser: boolean;
  shareWith: number[];
  name?: string;
  prefer?: string;
  strictPeers?: boolean;
}

export function upCommand(program: Command): void {
  const command = program
    .command('up')
    .description('reach your applications by name, until stopped (Ctrl-C or postern down)')
    .option('--controller <url>', 'the controller, at the first sign-in of a person (or POSTERN_CONTROLLER)')
    .option('--ca <file>', 'PEM file of the authority behind the controller’s certificate')
    .option('--pin <root>', 'the controller’s root key')
    .option('--key <sk_…>', 'key of a service account (also POSTERN_KEY)')
    .option('--key-file <file>', 'file that holds the key (also POSTERN_KEY_FILE; - for standard input)')
    .addOption(stateOption())
    .option('--capture <how>', 'auto: names work in every program (needs root); none: proxies only', 'auto')
    .option('--range <cidr>', 'addresses to give to names', '100.96.0.0/12')
    .option('--socks <address:port>', 'also serve SOCKS5 on loopback, for TCP and UDP', parseListen)
    .option(
      '--http-proxy <address:port>',
      'also serve HTTP CONNECT on loopback, and /proxy.pac for browsers',
      parseListen,
    )
    .option('--share-with <uid>', 'also capture for this user id; may be repeated', collectUid, [])
    .option('--no-browser', 'sign in with a code typed elsewhere')
    .option(
      '--prefer <account>',
      'the account that keeps a zone from now on where zones of several overlap; the first signed in unless said',
    )
    .option('--name <name>', 'how the device is listed; the host name unless said')
    .option(
      '--strict-peers',
      'dial only connectors that this device has met, under the keys they had; others wait for postern device accept-peer',
    );
  configurable(command, 'up').action(action(run));
}

async function run(options: Options): Promise<void> {
  const { startClient } = await import('../client/client.ts');
  const { browserCommand, openBrowser } = await import('../client/browser.ts');
  const capture = await captureOption(options);
  const text = await readSecret('key', options.key, options.keyFile);
  const key = text === undefined ? undefined : decodeEnrolmentKey('sk', text);
  if (text !== undefined && key === undefined) {
    throw new CommandError(
      exits.usage,
      'the key is mistyped or is no sk_ key; copy it whole, or make one: postern token create --service NAME',
    );
  }
  const state = openStateDirectory(options.state);
  const { controller } = options;
  const joined = key === undefined ? await enrolPerson(state, options) : undefined;
  const override = key === undefined ? joined?.movedTo : controller;
  const folders = new AccountFolders(state);
  if (options.prefer !== undefined) {
    const preferred = chosenFolder(folders.list(), options.prefer);
    if (preferred !== undefined) folders.prefer(preferred.id);
  }
  const browser = options.browser ? browserCommand(process.env, process.platform) : undefined;
  const events = new EventPrinter((url) => {
    if (browser !== undefined) openBrowser(browser, url);
  });
  const client = await startClient({
    state,
    ...(key === undefined ? {} : { key }),
    ...(joined === undefined ? {} : { account: joined.id }),
    ...(override === undefined ? {} : { controllerUrl: override }),
    ...(capture === undefined ? {} : { capture }),
    ...(options.socks === undefined ? {} : { socks: options.socks }),
    ...(options.httpProxy === undefined ? {} : { httpProxy: options.httpProxy }),
    browser: browser !== undefined,
    uids: personUids(options.shareWith),
    ...(options.name === undefined ? {} : { name: options.name }),
    strictPeers: options.strictPeers === true,
    onEvent: (event, source) => events.print(event, source),
  }).catch(refuseStart);
  await follow(client, options);
}

/** Waits for readiness and then for the end; whatever ends it, the system gets back what it had. */
async function follow(client: Client, options: Options): Promise<void> {
  const signal = untilSignal();
  try {
    const first = await Promise.race([client.ready, signal, client.ended]);
    if (first !== undefined && 'schema' in first) {
      sayReady(first, options);
      await keepSmall(options);
      await Promise.race([signal, client.ended]);
    }
  } catch (error) {
    await client.stop();
    refuseStart(error);
  }
  const undone = await client.stop();
  if (options.capture !== 'none') say(givenBack(undone.resolvConf));
}

/** It waits most of the time, and should hold little then. */
async function keepSmall({ capture }: Options): Promise<void> {
  // What calls the C library is loaded for capturing anyway.
  const giveBack =
    capture === 'none' ? () => undefined : (await import('../client/system/free-memory.ts')).returnFreeMemory;
  collectAfterStart(giveBack);
}

function refuseStart(error: unknown): never {
  throw error instanceof Fault ? new CommandError(exitOfStart(error), remedied(error)) : error;
}

async function captureOption(options: Options): Promise<ClientOptions['capture']> {
  if (options.capture !== 'auto' && options.capture !== 'none')
    throw new CommandError(exits.usage, `--capture is "auto" or "none", not "${options.capture}"`);
  const { parseRange } = await import('../client/dns/address-range.ts');
  const range = parseRange(options.range);
  if (range === undefined) {
    throw new CommandError(
      exits.usage,
      `--range "${options.range}" is no aligned IPv4 range between /8 and /24; give one such as 100.96.0.0/12`,
    );
  }
  if (options.capture === 'none') return undefined;
  const { mayCapture } = await import('../client/name-capture.ts');
  if (mayCapture()) return { range, uids: personUids(options.shareWith) };
  if (options.socks !== undefined || options.httpProxy !== undefined) {
    say('! Names are not captured, which needs root; the proxies work. To capture: sudo postern up');
    return undefined;
  }
  throw new CommandError(
    exits.needsPrivilege,
    'making names work in every program needs root. Run: sudo postern up' +
      ' — or without: postern up --capture none --socks 127.0.0.1:1080',
  );
}

/** The person who runs this, behind sudo too, and root. */
function personUids(shared: readonly number[]): number[] {
  const own = process.getuid?.() ?? 0;
  const behindSudo = Number(process.env['SUDO_UID'] ?? own);
  return [...new Set([0, own, Number.isInteger(behindSudo) ? behindSudo : own, ...shared])];
}

function collectUid(text: string, list: number[]): number[] {
  if (!/^\d{1,9}$/.test(text))
    throw new CommandError(
      exits.usage,
      `--share-with takes a numeric user id, not "${text}"; see: id -u NAME`,
    );
  return [...list, Number(text)];
}

function sayReady(status: ClientStatus, options: Options): void {
  const { dns } = status;
  sayAccountReady(status);
  if (dns !== undefined) {
    const zones = dns.zones.map((zone) => `~${zone}`).join(' ');
    say(`✓ DNS: ${dns.routing}, ${count(dns.zones.length, 'zone')} (${zones})`);
    if (!dns.fails_closed)
      say('! This system has no routing by suffix: if postern crashes, its names go to the usual resolver.');
  }
  if (status.proxies.socks !== undefined) say(`✓ SOCKS5 on ${status.proxies.socks}`);
  if (status.proxies.http !== undefined) say(`✓ HTTP CONNECT on ${status.proxies.http}`);
  say(
    `✓ ${count(status.resources.granted, 'resource')} ready   try: postern resources --state ${options.state}` +
      ` · postern down --state ${options.state} to stop`,
  );
}

/** What became of the system's name settings, as a sentence. */
export function givenBack(resolvConf: 'restored' | 'kept' | 'untouched'): string {
  if (resolvConf === 'kept')
    return '! Another program has changed /etc/resolv.conf meanwhile; its version stays. Rules and routes are removed.';
  return '✓ Names, rules and routes are given back to the system.';
}

function remedied(fault: Fault): string {
  if (fault.code === 'expired') return `${fault.message} Run the command again.`;
  const away = exitOfStart(fault) === exits.controllerUnreachable;
  return away ? `${fault.message}; check the address, and that the controller runs` : fault.message;
}
