/** `postern connector`: serves one private network's resources by dialling out; below it, what administrators do about them. */
import { Option, type Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import { openIdentity } from '../protocol/node/identity.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../protocol/secrets.ts';
import { acmeSettings, withCertificates, type CertificateOptions } from './acme-options.ts';
import { configurable } from './config-option.ts';
import { collectEndpoints, directOptions, parseDirectListen, type DirectListen } from './direct-option.ts';
import { notEnrolled } from './not-enrolled.ts';
import { count } from './count.ts';
import { connectorMetrics } from './connector-metrics.ts';
import { addMetricsOption, serveMetrics, type MetricsFlags } from './metrics-server.ts';
import { action, CommandError, say } from './output.ts';
import { needsOptions } from './needed-options.ts';
import { readSecret } from './secret.ts';
import { serverCommands } from './servers.ts';
import { untilSignal } from './signals.ts';

interface Options extends CertificateOptions, MetricsFlags {
  key?: string;
  keyFile?: string;
  state: string;
  controller?: string;
  name?: string;
  direct?: DirectListen;
  directEndpoint: string[];
}

export function connectorCommand(program: Command): void {
  const command = withCertificates(program.command('connector'))
    .description('serve the resources of one private network, dialling out only')
    .option('--key <pk_…>', 'provisioning key; needed once (also POSTERN_KEY)')
    .option('--key-file <file>', 'file that holds the key (also POSTERN_KEY_FILE; - for standard input)')
    .option('--state <folder>', 'where keys and memory are kept')
    .option('--controller <url>', 'another address for the controller in the key; its pinned root stays')
    .option('--name <name>', 'how the connector is listed; the host name unless said')
    .addOption(
      new Option(
        '--direct <[address:]port>',
        'also let clients in without a relay: opens this TCP port, silent to whoever does not know this connector, and tells the devices that may use its network where it is; off unless given',
      )
        .env('POSTERN_DIRECT')
        .argParser(parseDirectListen),
    )
    .addOption(
      new Option(
        '--direct-endpoint <host:port>',
        'where that port is reached from outside; the address of --direct unless said; may be repeated',
      )
        .env('POSTERN_DIRECT_ENDPOINT')
        .argParser(collectEndpoints)
        .default([], 'none'),
    )
    .addHelpText('after', drainHelp);
  configurable(addMetricsOption(command), 'connector').action(action(run));
  needsOptions(command, ['--state']);
  serverCommands(command, 'connector');
}

const drainHelp = `
On SIGTERM or Ctrl-C the connector takes no new flows and no new browsers, which go to another connector of the network,
and gives open flows, requests and WebSockets 30 seconds; then they end with the reason "draining". A second signal ends them
at once.`;

async function run(options: Options): Promise<void> {
  const { createLog } = await import('./log.ts');
  const { startConnector } = await import('../connector/connector.ts');
  const direct = directOptions(options.direct, options.directEndpoint);
  const acme = await acmeSettings(options);
  const text = await readSecret('key', options.key, options.keyFile);
  const key = text === undefined ? undefined : decodeEnrolmentKey('pk', text);
  if (text !== undefined && key === undefined) {
    throw new CommandError(
      exits.usage,
      'the key is mistyped or is no pk_ key; copy it whole, or make one: postern token create --connector NETWORK',
    );
  }
  const log = createLog('connector');
  const state = openStateDirectory(options.state);
  if (key === undefined && openIdentity(state).enrolment === undefined)
    throw notEnrolled(options.state, '--connector NETWORK');
  const connector = await startConnector({
    state,
    log,
    ...(key === undefined ? {} : { key }),
    ...(options.controller === undefined ? {} : { controllerUrl: options.controller }),
    ...(options.webCerts === undefined ? {} : { webCertificates: options.webCerts }),
    ...(acme === undefined ? {} : { acme }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(direct === undefined ? {} : { direct }),
  });
  const stopped = untilSignal();
  let closeMetrics = (): void => undefined;
  try {
    closeMetrics = await serveMetrics(options, () => connectorMetrics(connector.status()));
    const runs = await Promise.race([
      stopped.then(() => false),
      connector.welcomed.then(() => true),
      connector.refused,
    ]);
    if (!runs) return say('Stopped before the controller answered.');
    say(`The connector runs. Look at it with: postern status --state ${options.state}`);
    await Promise.race([stopped, connector.refused]);
    const { streams, requests = 0 } = connector.status();
    const open = [
      ...(streams > 0 ? [count(streams, 'open flow')] : []),
      ...(requests > 0 ? [count(requests, 'open request')] : []),
    ];
    if (open.length > 0) say(`Draining: ${open.join(' and ')} may go on for 30 s. Once more ends it now.`);
    await Promise.race([connector.drain(), untilSignal()]);
  } finally {
    closeMetrics();
    await connector.stop();
  }
}
