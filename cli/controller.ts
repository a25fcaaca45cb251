/** `postern controller`: decides and signs, with a relay in the same process unless told otherwise. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Logger } from 'pino';
import type { Mailer, MailOptions } from '../controller/notifications/mailer.ts';
import { UnusableRedis } from '../controller/live/unusable-redis.ts';
import { UnusableDatabase } from '../controller/store/unusable-database.ts';
import type { ControllerContext } from '../controller/context.ts';
import { UnusableKeyFile } from '../controller/keys/unusable-key-file.ts';
import { parseEgress, type EgressRule } from '../controller/egress.ts';
import { CountryFileIssue } from '../controller/source/country-file-issue.ts';
import { systemClock, systemRandom } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import { encodeKey } from '../protocol/keys.ts';
import { applyBootstrapFile } from './bootstrap-file.ts';
import { certificateFiles } from './certificate-files.ts';
import { configurable } from './config-option.ts';
import { addMailOptions, mailOptions, type MailFlags } from './mail-options.ts';
import { addMetricsOption, serveMetrics, type MetricsFlags } from './metrics-server.ts';
import { parsePort, parsePublicListen, type PublicListen } from './listen-option.ts';
import { needsOptions } from './needed-options.ts';
import { action, CommandError, say } from './output.ts';
import {
  databaseOf,
  redisOf,
  unusableDatabase,
  unusableRedis,
  withDatabase,
  withRedis,
  type DatabaseOptions,
  type RedisOptions,
} from './services-option.ts';
import { publicUrlFile } from './public-url.ts';
import { addBrowsersPerSourceOption } from './browsers-per-source-option.ts';
import { addTrustProxyOption, type TrustProxyFlags } from './trust-proxy-option.ts';
import { untilSignal } from './signals.ts';

interface Options extends DatabaseOptions, RedisOptions, MailFlags, MetricsFlags, TrustProxyFlags {
  listen?: PublicListen;
  webListen?: PublicListen;
  webPort?: number;
  publicUrl?: URL;
  data: string;
  roles?: readonly Role[];
  tlsCert?: string;
  tlsKey?: string;
  secretKeyFile?: string;
  countries?: string;
  egressAllow?: EgressRule;
  browsersPerSource?: number;
}

type Role = 'controller' | 'relay';

/** Without a public URL the controller is a trial on this machine. */
const trialUrl = 'http://postern.localhost:8080';
const trialListen: PublicListen = { address: '127.0.0.1', port: 8_080 };

export function controllerCommand(program: Command): void {
  const command = program
    .command('controller')
    .description('decide who reaches what: sign-in, policy, grants, audit; with a relay in the same process')
    .option('--listen <address:port>', 'the one port for everything', parsePublicListen)
    .option(
      '--web-listen <address:port>',
      'a further port for public hostnames alone, such as 0.0.0.0:443',
      parsePublicListen,
    )
    .option(
      '--web-port <port>',
      'the port browsers reach public hostnames at, where it is none of this program',
      parsePort,
    )
    .option('--public-url <url>', `how people and nodes reach it; without, a trial at ${trialUrl}`, parseUrl)
    .option('--data <folder>', 'where keys and records are kept')
    .option(
      '--roles <roles>',
      'controller,relay or controller; both unless said, and with --redis controller',
      parseRoles,
    )
    .option('--tls-cert <file>', 'certificate chain, PEM; without, a built-in authority issues one')
    .option('--tls-key <file>', 'its private key, PEM')
    .option(
      '--secret-key-file <file>',
      'the key that seals stored secrets; secret.key in the data unless said',
    )
    .addOption(
      new Option(
        '--countries <file>',
        'networks and their countries, lines network,country; read again when it changes',
      ).env('POSTERN_COUNTRIES'),
    )
    .addOption(
      new Option(
        '--egress-allow <where>',
        'where identity providers, webhooks and posture sources may be: any, public, or networks with commas between;' +
          ' any with one organisation and public with several unless said',
      )
        .env('POSTERN_EGRESS_ALLOW')
        .argParser(parseEgressOption),
    )
    .addHelpText('after', drainHelp);
  addBrowsersPerSourceOption(command);
  addTrustProxyOption(
    command,
    'they say where others come from, by the PROXY protocol (v1, v2), X-Forwarded-For or Forwarded',
  );
  configurable(addMetricsOption(addMailOptions(withRedis(withDatabase(command)))), 'controller');
  needsOptions(command, ['--data']);
  command.action(action(run));
}

const drainHelp = `
On SIGTERM or Ctrl-C the relay inside takes no new circuits, tells the nodes, and waits until they have moved to another
relay: while they do, for at most 10 seconds. A second signal ends the wait.`;

async function run(options: Options): Promise<void> {
  const { createLog } = await import('./log.ts');
  const { startController } = await import('../controller/controller.ts');
  const { login } = await import('../controller/login/login.ts');
  const { embedRelay } = await import('./embedded-relay.ts');
  const { listenForBrowsers } = await import('../relay/web-listener.ts');
  const publicUrl = options.publicUrl ?? new URL(trialUrl);
  const listen = options.listen ?? (options.publicUrl === undefined ? trialListen : undefined);
  if (listen === undefined) {
    throw new CommandError(exits.usage, 'no address to listen on; give --listen 0.0.0.0:8443');
  }
  if (publicUrl.protocol === 'http:' && !isLoopback(publicUrl.hostname, listen.address)) {
    throw new CommandError(
      exits.usage,
      'without TLS a controller serves this machine only; give an https --public-url',
    );
  }
  const certificate = certificateFiles(options);
  const mail = await mailOptions(options);
  const [database, redis] = [await databaseOf(options), await redisOf(options)];
  const roles =
    options.roles ?? (redis === undefined ? (['controller', 'relay'] as const) : (['controller'] as const));
  refuseHalfCluster({ database, redis, roles });
  const log = createLog('controller');
  const relay = embedRelay(log, options.browsersPerSource);
  const { webListen } = options;
  if (webListen !== undefined && !roles.includes('relay')) {
    throw new CommandError(
      exits.usage,
      'browsers are passed on by a relay; give --web-listen to postern relay, and --web-port here',
    );
  }
  const webPort = options.webPort ?? (webListen?.port === 0 ? undefined : webListen?.port);
  const behind = options.trustProxy === undefined ? {} : { trustsProxy: options.trustProxy };
  const controller = await startController({
    directory: options.data,
    publicUrl,
    listen: { host: listen.address, port: listen.port },
    ...(database === undefined ? {} : { database }),
    ...(redis === undefined ? {} : { redis }),
    ...(options.secretKeyFile === undefined ? {} : { secretKeyFile: options.secretKeyFile }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(options.countries === undefined ? {} : { countriesFile: options.countries }),
    ...(options.egressAllow === undefined ? {} : { egress: options.egressAllow }),
    ...behind,
    ...(webPort === undefined ? {} : { webPort }),
    ...(mail === undefined ? {} : { mailer: await mailer(mail, log) }),
    now: Date.now,
    clock: systemClock,
    random: systemRandom,
    log,
    extend: login,
    front: () => relay.front(),
    upgrades: (context) => (roles.includes('relay') ? relay.open(context) : relay.leaveOut(context)),
  }).catch((error: unknown) => {
    throw startFault(error, listen, { database, redis });
  });
  const browsers =
    webListen === undefined
      ? undefined
      : await listenForBrowsers({
          ...webListen,
          ...behind,
          clock: systemClock,
          door: () => relay.door(),
        }).catch(async (error: unknown) => {
          relay.close();
          await controller.stop();
          throw startFault(error, webListen, { database, redis });
        });
  let closeMetrics = (): void => undefined;
  try {
    const root = encodeKey(controller.context.keys.root.key.publicKey);
    const isOwn = controller.context.authority !== undefined && publicUrl.protocol === 'https:';
    const trust = isOwn ? ` --ca ${join(options.data, 'ca.pem')}` : '';
    say(
      `The controller${roles.includes('relay') ? ' and a relay serve' : ' serves'} ${publicUrl.origin}.
Root key, for --pin: ${root}
Next: postern token create --data ${options.data}${beside(options)} --role admin > admin.token
      postern apply -f postern.yaml --controller ${publicUrl.origin} --token-file admin.token${trust}`,
    );
    await applyBootstrapFile(controller.context);
    closeMetrics = await serveMetrics(options, async () => {
      const { controllerMetrics } = await import('../controller/metrics.ts');
      return [...(await controllerMetrics(controller.context)), ...relay.metrics()];
    });
    await offerSetup(controller.context, options.data);
    await untilSignal();
    controller.leave();
    if (roles.includes('relay'))
      say('Draining: nodes move their circuits to another relay. Once more ends it now.');
    await Promise.race([relay.drain(), untilSignal()]);
  } finally {
    closeMetrics();
    await browsers?.close();
    relay.close();
    await controller.stop();
  }
}

async function mailer(mail: Omit<MailOptions, 'failed'>, log: Logger): Promise<Mailer> {
  const { openMailer } = await import('../controller/notifications/mailer.ts');
  return openMailer({ ...mail, failed: (error) => log.error({ err: error }, 'a mail was not sent') });
}

/** How a command beside the controller finds the same database; the variable is there already. */
function beside({ database, databaseFile, databasePasswordFile }: DatabaseOptions): string {
  const password =
    databasePasswordFile === undefined ? '' : ` --database-password-file ${databasePasswordFile}`;
  if (databaseFile !== undefined) return ` --database-file ${databaseFile}${password}`;
  return `${database === undefined ? '' : ' --database …'}${password}`;
}

/** Several controllers need both services, and relays of their own. */
function refuseHalfCluster({
  database,
  redis,
  roles,
}: {
  readonly database: string | undefined;
  readonly redis: string | undefined;
  readonly roles: readonly Role[];
}): void {
  if (redis === undefined) return;
  if (database === undefined)
    throw new CommandError(
      exits.usage,
      '--redis is for several controllers of one database; give --database too',
    );
  if (roles.includes('relay'))
    throw new CommandError(
      exits.usage,
      'nodes must meet at one relay, whichever controller they reach; with --redis run relays apart: postern relay',
    );
}

/** Where to become the first owner. Other programs beside the data are told where this controller is reached. */
async function offerSetup(context: ControllerContext, data: string): Promise<void> {
  const { hasOwner } = await import('../controller/administrators/administrators.ts');
  const { createSetupLink } = await import('../controller/administrators/setup-links.ts');
  writeFileSync(join(data, publicUrlFile), `${context.publicUrl.origin}\n`);
  const { store } = context.organisation(context.firstOrganisation);
  if (await hasOwner(store)) return;
  const { random } = context;
  const link = await createSetupLink(store, context.publicUrl, {
    nowMs: context.now(),
    random,
    who: 'controller',
  });
  say(`No owner yet. Open within half an hour, once: ${link}
Another link: postern setup-url --data ${data}`);
}

/** What a person can mend, as a sentence; anything else stays what it is. */
function startFault(
  error: unknown,
  { address, port }: PublicListen,
  { database, redis }: { readonly database: string | undefined; readonly redis: string | undefined },
): unknown {
  if (error instanceof UnusableDatabase && database !== undefined) return unusableDatabase(error, database);
  if (error instanceof UnusableDatabase) return new CommandError(exits.usage, error.message);
  if (error instanceof UnusableRedis && redis !== undefined) return unusableRedis(error, redis);
  if (error instanceof CountryFileIssue)
    return new CommandError(exits.usage, `the file of countries cannot be used: ${error.message}`);
  if (error instanceof UnusableKeyFile) return new CommandError(exits.usage, error.message);
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new CommandError(
        exits.usage,
        `${address}:${port} is in use; stop what listens there, or give another --listen`,
      );
    case 'EADDRNOTAVAIL':
      return new CommandError(exits.usage, `${address} is no address of this machine; give another --listen`);
    case 'ENOENT':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      return new CommandError(
        exits.usage,
        `${(error as Error).message}; give --data, --secret-key-file and a port that this user may use`,
      );
    case 'ERR_OSSL_PEM_NO_START_LINE':
    case 'ERR_OSSL_X509_KEY_VALUES_MISMATCH':
      return new CommandError(
        exits.usage,
        'the files of --tls-cert and --tls-key are no certificate and key that belong together',
      );
    default:
      return error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isLoopback(hostname: string, address: string): boolean {
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+)$/.test(hostname) && address.startsWith('127.');
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new InvalidArgumentError('give an address such as https://access.acme.example:8443.');
  }
  return url;
}

function parseRoles(text: string): Role[] {
  if (text === 'controller') return ['controller'];
  if (text === 'controller,relay' || text === 'relay,controller') return ['controller', 'relay'];
  throw new InvalidArgumentError('give controller,relay or controller; a relay alone is postern relay.');
}

function parseEgressOption(text: string): EgressRule {
  const rule = parseEgress(text);
  if ('issue' in rule) throw new InvalidArgumentError(`${rule.issue}.`);
  return rule;
}
