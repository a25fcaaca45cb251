/** `postern relay`: joins circuits between clients and connectors, in a process of its own; below it, what administrators do about them. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { exits } from '../protocol/errors.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../protocol/secrets.ts';
import { parsePublicListen, type PublicListen } from './listen-option.ts';
import { certificateFiles } from './certificate-files.ts';
import { configurable } from './config-option.ts';
import { addMetricsOption, serveMetrics, type MetricsFlags } from './metrics-server.ts';
import { action, CommandError, say } from './output.ts';
import { needsOptions } from './needed-options.ts';
import { readSecret } from './secret.ts';
import { serverCommands } from './servers.ts';
import { addBrowsersPerSourceOption } from './browsers-per-source-option.ts';
import { addTrustProxyOption, type TrustProxyFlags } from './trust-proxy-option.ts';
import { untilSignal } from './signals.ts';

interface Options extends MetricsFlags, TrustProxyFlags {
  listen: PublicListen;
  webListen?: PublicListen;
  publicUrl: URL;
  key?: string;
  keyFile?: string;
  state: string;
  controller?: string;
  tlsCert?: string;
  tlsKey?: string;
  behindTls?: boolean;
  memory?: number;
  rate?: number;
  browsersPerSource?: number;
}

export function relayCommand(program: Command): void {
  const command = program
    .command('relay')
    .description('join circuits between clients and connectors, without seeing what passes')
    .option('--listen <address:port>', 'where nodes connect', parsePublicListen)
    .option(
      '--web-listen <address:port>',
      'a further port for public hostnames alone, such as 0.0.0.0:443',
      parsePublicListen,
    )
    .option('--public-url <url>', 'how nodes reach it', parsePublicUrl)
    .option('--key <pk_…>', 'provisioning key; needed once (also POSTERN_KEY)')
    .option('--key-file <file>', 'file that holds the key (also POSTERN_KEY_FILE; - for standard input)')
    .option('--state <folder>', 'where keys and memory are kept')
    .option('--controller <url>', 'another address for the controller in the key; its pinned root stays')
    .option('--tls-cert <file>', 'certificate chain, PEM; without, the controller issues one')
    .option('--tls-key <file>', 'its private key, PEM')
    .option(
      '--memory <MiB>',
      'what circuits may hold together; who holds most pays when it is spent',
      parseMemory,
    )
    .option(
      '--rate <Mbit/s>',
      'what may pass, shared evenly among organisations; no bound unless given',
      parseRate,
    )
    .addHelpText('after', drainHelp);
  addBrowsersPerSourceOption(command);
  addTrustProxyOption(command, 'they say in the PROXY protocol (v1, v2) where browsers and nodes come from');
  command.option(
    '--behind-tls',
    'TLS ends at the balancers of --trust-proxy: nodes are taken from these alone, over plain WebSocket',
  );
  configurable(addMetricsOption(command), 'relay').action(action(run));
  needsOptions(command, ['--listen', '--public-url', '--state']);
  serverCommands(command, 'relay');
}

async function run(options: Options): Promise<void> {
  const { createLog } = await import('./log.ts');
  const { startRelayNode } = await import('./relay-node.ts');
  const text = await readSecret('key', options.key, options.keyFile);
  const key = text === undefined ? undefined : decodeEnrolmentKey('pk', text);
  if (text !== undefined && key === undefined) {
    throw new CommandError(
      exits.usage,
      'the key is mistyped or is no pk_ key; copy it whole, or make one: postern token create --relay NAME',
    );
  }
  if (options.publicUrl.protocol === 'http:' && !options.listen.address.startsWith('127.')) {
    throw new CommandError(
      exits.usage,
      'without TLS a relay listens on loopback only; give an https --public-url',
    );
  }
  const tls = certificateFiles(options);
  if (options.behindTls === true && options.trustProxy === undefined)
    throw new CommandError(
      exits.usage,
      '--behind-tls goes with --trust-proxy: say which balancers end TLS, since nobody else may speak plainly',
    );
  if (options.behindTls === true && tls !== undefined)
    throw new CommandError(exits.usage, '--behind-tls has no certificate of its own; leave out --tls-cert');
  const node = await startRelayNode({
    ...options.listen,
    ...(options.webListen === undefined ? {} : { webListen: options.webListen }),
    publicUrl: options.publicUrl,
    state: openStateDirectory(options.state),
    log: createLog('relay'),
    ...(key === undefined ? {} : { key }),
    ...(options.controller === undefined ? {} : { controllerUrl: options.controller }),
    ...(tls === undefined ? {} : { tls }),
    ...(options.trustProxy === undefined ? {} : { trustsProxy: options.trustProxy }),
    ...(options.behindTls === true ? { isBehindTls: true } : {}),
    ...(options.memory === undefined ? {} : { memoryBytes: options.memory * 1_024 * 1_024 }),
    ...(options.browsersPerSource === undefined ? {} : { browsersOfSource: options.browsersPerSource }),
    ...(options.rate === undefined ? {} : { bytesPerSecond: (options.rate * 1_000_000) / 8 }),
  });
  say(
    `The relay runs for ${options.publicUrl.origin}. Look at it with: postern status --state ${options.state}`,
  );
  let closeMetrics = (): void => undefined;
  try {
    closeMetrics = await serveMetrics(options, () => node.metrics());
    await Promise.race([untilSignal(), node.failed]);
    say('Draining: nodes move their circuits to another relay. Once more ends it now.');
    await Promise.race([node.drain(), untilSignal()]);
  } finally {
    closeMetrics();
    await node.stop();
  }
}

const drainHelp = `
On SIGTERM or Ctrl-C the relay takes no new circuits, tells the nodes, and waits until they have moved to another
relay: while they do, for at most 10 seconds. A second signal ends it at once.`;

function parsePublicUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new InvalidArgumentError('give an address such as https://relay.acme.example:8444.');
  }
  return url;
}

function parseMemory(text: string): number {
  const mebibytes = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (mebibytes < 16) throw new InvalidArgumentError('give a whole number of MiB, at least 16.');
  return mebibytes;
}

function parseRate(text: string): number {
  const megabits = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (megabits < 1) throw new InvalidArgumentError('give a whole number of megabits a second, at least 1.');
  return megabits;
}
