/** `postern connector`: serves one private network's resources by dialling out. */
import type { Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import { openIdentity } from '../protocol/node/identity.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../protocol/secrets.ts';
import { notEnrolled } from './not-enrolled.ts';
import { action, CommandError, say } from './output.ts';
import { readSecret } from './secret.ts';
import { untilSignal } from './signals.ts';

interface Options {
  key?: string;
  keyFile?: string;
  state: string;
  controller?: string;
  name?: string;
  webCerts?: string;
}

export function connectorCommand(program: Command): void {
  program
    .command('connector')
    .description('serve the resources of one private network, dialling out only')
    .option('--key <pk_…>', 'provisioning key; needed once (also POSTERN_KEY)')
    .option('--key-file <file>', 'file that holds the key (also POSTERN_KEY_FILE; - for standard input)')
    .requiredOption('--state <folder>', 'where keys and memory are kept', process.env['POSTERN_STATE'])
    .option('--controller <url>', 'another address for the controller in the key; its pinned root stays')
    .option(
      '--web-certs <folder>',
      'certificates for public hostnames: NAME.pem and NAME.key, _.SUFFIX.pem for a wildcard; read again when they change',
    )
    .option('--name <name>', 'how the connector is listed; the host name unless said')
    .action(action(run));
}

async function run(options: Options): Promise<void> {
  const { createLog } = await import('./log.ts');
  const { startConnector } = await import('../connector/connector.ts');
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
    ...(options.name === undefined ? {} : { name: options.name }),
  });
  const stopped = untilSignal();
  try {
    const runs = await Promise.race([
      stopped.then(() => false),
      connector.welcomed.then(() => true),
      connector.refused,
    ]);
    if (!runs) return say('Stopped before the controller answered.');
    say(`The connector runs. Look at it with: postern status --state ${options.state}`);
    await Promise.race([stopped, connector.refused]);
  } finally {
    await connector.stop();
  }
}
