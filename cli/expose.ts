/**
 * `postern expose`: puts a port of this machine behind the web door until it is stopped. The running client asks the
 * controller for it; a connector inside this process serves that one port and nothing else.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { Compile } from 'typebox/compile';
import type { Connector } from '../connector/connector.ts';
import { exitOf, exits, Fault } from '../protocol/errors.ts';
import { ExposureBegun, exposureNamePattern, Exposures, type ExposeCall } from '../protocol/exposures.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../protocol/secrets.ts';
import { accountOption, routeFor } from './account-option.ts';
import { acmeSettings, withCertificates, type CertificateOptions } from './acme-options.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { askRunning, isAdministrator, unreadable } from './ask-running.ts';
import { exposedOnly, freshState, removeState } from './exposed-connector.ts';
import { clockTime, requestLine, requestObject } from './exposed-requests.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { untilSignal } from './signals.ts';
import { stateOption } from './state-option.ts';
import { parseWho, whoText } from './who-option.ts';

interface Where {
  state: string;
  account?: string;
}

interface Options extends CertificateOptions, Where {
  allow: string[];
  ttl?: string;
  hostHeader?: string;
  name?: string;
  json?: boolean;
}

const isBegun = Compile(ExposureBegun);
const isList = Compile(Exposures);
const readyCheckMs = 50;
/** What is not ready by then is told, and may still become so. */
const readyMs = 10_000;
/** The controller is given so long to take the records of the last flows. */
const handInMs = 1_000;
const watchMs = 1_000;

export function exposeCommand(program: Command): void {
  const expose = program
    .command('expose')
    .description('let others open a port of this machine in their browser, until stopped (Ctrl-C)')
    .argument('<port>', 'the port of localhost that your application listens on')
    .addOption(
      new Option(
        '--allow <who>',
        'who may open it besides you: group:NAME, an e-mail address, guest:ADDRESS, service:NAME or everyone; may be repeated',
      )
        .argParser((text: string, list: string[]) => [...list, text])
        .default([], 'nobody'),
    )
    .option('--ttl <duration>', 'for how long at most, such as 30m or 2h; 8h unless said')
    .option('--name <name>', 'what stands in its hostname behind your own name; the port unless said')
    .option(
      '--host-header <host>',
      'the Host that your application is sent: origin for its own (localhost:PORT), or a name; the public one unless said',
    )
    .option('--json', 'one JSON object for what is exposed, and one for each request')
    .addOption(stateOption())
    .addOption(accountOption());
  withCertificates(expose).action(action(run));
  withBoth(
    expose.command('list').description('what you expose; as an administrator, what anybody does'),
  ).action(action(list));
  withBoth(
    expose
      .command('end <hostname>')
      .description('end one, by its hostname or id; as an administrator, anybody’s'),
  ).action(action(end));
}

function withBoth(command: Command): Command {
  return withAdminOptions(command.addOption(stateOption()).addOption(accountOption())).option(
    '--json',
    'as one JSON object',
  );
}

async function run(portText: string, options: Options): Promise<void> {
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535)
    throw new CommandError(exits.usage, `"${portText}" is no port; give a number from 1 to 65535`);
  const { allow, ttl, name, hostHeader, json = false } = options;
  if (name !== undefined && !new RegExp(exposureNamePattern).test(name))
    throw new CommandError(
      exits.usage,
      `"${name}" is no name; write up to 30 small letters, digits and hyphens between them`,
    );
  if (ttl !== undefined && !/^\d{1,6}[smhd]$/.test(ttl))
    throw new CommandError(exits.usage, `--ttl "${ttl}" is no duration; write one such as 30m or 2h`);
  const acme = await acmeSettings(options);
  const who = parseWho(allow);
  const stopped = untilSignal();
  const begun = await ask(options, {
    what: 'begin',
    wanted: {
      port,
      ...(name === undefined ? {} : { name }),
      ...(who === undefined ? {} : { allow: who }),
      ...(ttl === undefined ? {} : { for: ttl }),
      ...(hostHeader === undefined ? {} : { host: hostHeader }),
    },
  });
  if (!isBegun.Check(begun)) throw unreadable();
  const { id, hostname, url, until } = begun;
  const key = decodeEnrolmentKey('pk', begun.key);
  if (key === undefined) throw unreadable();
  const own = openStateDirectory(join(options.state, 'exposed', hostname));
  let connector: Connector | undefined;
  try {
    freshState(own);
    const { startConnector } = await import('../connector/connector.ts');
    const { createLog } = await import('./log.ts');
    const log = createLog('expose');
    if (process.env['POSTERN_LOG_LEVEL'] === undefined) log.level = 'silent';
    connector = await startConnector({
      state: own,
      key,
      name: hostname,
      log,
      ...(options.webCerts === undefined ? {} : { webCertificates: options.webCerts }),
      ...(acme === undefined ? {} : { acme }),
      serves: exposedOnly({ id, hostname, port }),
      onRequest: (request) =>
        json
          ? print(true, { schema: 'postern.expose.request/v1', ...requestObject(request) }, '')
          : process.stdout.write(`${requestLine(request)}\n`),
    });
    await untilReady(connector, stopped);
    const { key: _key, online: _online, ...shown } = begun;
    const target = `localhost:${port}`;
    print(
      json,
      { schema: 'postern.expose/v1', ...shown },
      `${url.replace(/\/$/, '')}   →  ${target}     who: ${whoText(begun.allow)}     until ${clockTime(Date.parse(until))}`,
    );
    say('Stop with Ctrl-C');
    if (!(await answers(port))) say(`! Nothing answers on ${target} yet.`);
    await watch(connector, stopped);
  } catch (error) {
    await finish(connector, options, id);
    removeState(own);
    throw ended(error, Date.parse(until));
  }
  await finish(connector, options, id);
  removeState(own);
}

/** The controller’s last word; that the time is over is no fault. */
function ended(error: unknown, untilMs: number): unknown {
  if (!(error instanceof Fault)) return error;
  const isOver = error.code === 'revoked' && Date.now() >= untilMs;
  // To the process that exposes, what has expired is the session of whoever started it.
  const exit = error.code === 'expired' ? exits.notSignedIn : exitOf(error.code);
  return new CommandError(isOver ? exits.ok : exit, error.message);
}

/** Until it can be opened; a certificate may take longer, and that is said. */
async function untilReady(connector: Connector, stopped: Promise<void>): Promise<void> {
  const signal = abortedBy(stopped);
  const untilMs = Date.now() + readyMs;
  const isReady = (): boolean => {
    const { state, certificates = [] } = connector.status();
    return (
      state === 'ready' && certificates.length > 0 && certificates.every((each) => each.state === 'ready')
    );
  };
  while (!isReady() && !signal.aborted && Date.now() < untilMs)
    await Promise.race([sleep(readyCheckMs), connector.refused]);
  if (isReady() || signal.aborted) return;
  const { state, certificates = [] } = connector.status();
  const problem = certificates.find((each) => each.problem !== undefined)?.problem;
  say(
    state === 'ready'
      ? `! It has no certificate yet${problem === undefined ? '' : `: ${problem}`}. Trying on.`
      : '! It is not connected yet. Trying on.',
  );
}

/** Until it is stopped or ended; says when nobody can reach it for a while. */
async function watch(connector: Connector, stopped: Promise<void>): Promise<void> {
  const signal = abortedBy(stopped);
  let wasReady = connector.status().state === 'ready';
  while (!signal.aborted) {
    await Promise.race([sleep(watchMs), stopped, connector.refused]);
    const isReady = connector.status().state === 'ready';
    if (isReady !== wasReady && !signal.aborted)
      say(
        isReady
          ? '✓ It is connected again.'
          : '! It cannot be reached now: no controller or relay. Trying on.',
      );
    wasReady = isReady;
  }
}

function abortedBy(stopped: Promise<void>): AbortSignal {
  const controller = new AbortController();
  void stopped.then(() => controller.abort());
  return controller.signal;
}

async function finish(connector: Connector | undefined, where: Where, id: string): Promise<void> {
  await connector?.stop(handInMs);
  // Where no client runs any more, or it is over already, the controller has noticed or will.
  await ask(where, { what: 'end', exposure: id }).catch(() => undefined);
}

/** Whether anything listens on the port. */
function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: 'localhost', port });
  socket.setTimeout(1_000, () => socket.destroy(new Error('it did not answer')));
  socket.once('connect', () => {
    socket.destroy();
    resolve(true);
  });
  socket.once('error', () => resolve(false));
  return promise;
}

async function list(options: AdminOptions & Where & { json?: boolean }): Promise<void> {
  const json = options.json === true;
  const found = isAdministrator(options)
    ? await adminCall(await adminTarget(options), 'GET', '/api/v1/exposures')
    : await ask(options, { what: 'list' });
  if (!isList.Check(found)) throw unreadable();
  const rows = found.exposures.map(({ hostname, port, personName, deviceName, allow, until, online }) => [
    hostname,
    `port ${port}`,
    personName,
    deviceName,
    `for ${whoText(allow).replace(/you( alone)?$/, personName)}`,
    `until ${until}`,
    online ? 'connected' : 'away',
  ]);
  print(json, { schema: 'postern.exposures/v1', ...found }, table(rows));
  if (rows.length === 0 && !json) say('Nothing is exposed.');
  else if (!json) say('End one: postern expose end HOSTNAME');
}

async function end(hostname: string, options: AdminOptions & Where & { json?: boolean }): Promise<void> {
  if (isAdministrator(options))
    await adminCall(
      await adminTarget(options),
      'DELETE',
      `/api/v1/exposures/${encodeURIComponent(hostname)}`,
    );
  else await ask(options, { what: 'end', exposure: hostname });
  print(options.json === true, { schema: 'postern.exposure/v1', hostname, state: 'ended' }, '');
  if (options.json !== true) say('It is ended, with everything that was open.');
}

function ask({ state, account }: Where, call: ExposeCall['call']): Promise<unknown> {
  return askRunning(state, routeFor('/v1/expose', account), call);
}
