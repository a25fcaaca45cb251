/** `postern doctor`: what is well and what is not between this device and its applications, each fault with its remedy. */
import { lookup } from 'node:dns/promises';
import type { Command } from 'commander';
import type { ClientStatus, PingReply, PingTarget, ResourceList } from '../client/status.ts';
import { exits, Fault, toFault } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { accountOption, routeFor } from './account-option.ts';
import { count } from './count.ts';
import { judge, judgeAnswer, type Finding } from './doctor-findings.ts';
import { action, CommandError, print, say } from './output.ts';
import { stateOption } from './state-option.ts';
import { pathText } from './status.ts';

interface Options {
  state: string;
  account?: string;
  bundle?: string;
  anonymous?: boolean;
  json?: boolean;
}

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look for what is in the way, from this device to its applications, and say how to mend it')
    .argument('[resource]', 'also try this one, as far as its connector: name or host name')
    .addOption(stateOption())
    .addOption(accountOption())
    .option(
      '--bundle <file>',
      'also write what somebody who helps needs to a new file, without secrets and addresses: this, status, versions, alarms, resolvers',
    )
    .option('-A, --anonymous', 'leave no name, e-mail address or id in that file either')
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(resource: string | undefined, options: Options): Promise<void> {
  const { json = false, anonymous = false } = options;
  if (anonymous && options.bundle === undefined)
    throw new CommandError(exits.usage, '-A is about the file of --bundle; give both');
  const findings = await examine(resource, options);
  const [warnings, problems] = (['warning', 'problem'] as const).map(
    (level) => findings.filter((each) => each.level === level).length,
  );
  const verdict = `${count(warnings ?? 0, 'warning')}, ${count(problems ?? 0, 'problem')}.`;
  print(
    json,
    { schema: 'postern.doctor/v1', warnings, problems, findings },
    [...findings.map(lineOf), verdict].join('\n'),
  );
  if (options.bundle !== undefined) {
    const { bundle, writeBundle } = await import('./bundle.ts');
    const statuses = await statusesOf(options);
    writeBundle(options.bundle, await bundle({ findings, statuses, resource }, anonymous));
    say(`✓ Written to ${options.bundle}. Look into it before you share it.`);
  }
  if (problems !== 0) process.exitCode = exits.unexpected;
}

/** Of every account, or of the one that is meant; none where no client runs. */
async function statusesOf({ state, account }: Options): Promise<ClientStatus[]> {
  const ask = async (which: string | undefined): Promise<ClientStatus> =>
    (await callLocalApi(state, 'GET', routeFor('/v1/status', which))) as ClientStatus;
  try {
    const first = await ask(account);
    const others = account === undefined ? (first.accounts ?? []).slice(1) : [];
    return [first, ...(await Promise.all(others.map((each) => ask(each.account))))];
  } catch (error) {
    if (toFault(error).code === 'unreachable') return [];
    throw error;
  }
}

async function examine(resource: string | undefined, options: Options): Promise<Finding[]> {
  const { state, account } = options;
  const ask = (method: 'GET' | 'POST', route: string): Promise<unknown> =>
    callLocalApi(state, method, routeFor(route, account));
  let status: ClientStatus;
  try {
    status = (await ask('GET', '/v1/status')) as ClientStatus;
  } catch (error) {
    const { code, message } = toFault(error);
    if (code !== 'unreachable') throw error;
    return [{ level: 'problem', text: message, fix: 'postern up' }];
  }
  const findings = judge(status);
  const { resources } = (await ask('GET', '/v1/resources')) as ResourceList;
  if (status.capture !== undefined && status.state === 'up')
    findings.push(...(await selfTest(resources, status.capture.range)));
  if (resource !== undefined) findings.push(...(await tryResource(resource, ask)));
  return findings;
}

/** Whether programs of this system get the client's answer for a name that is granted. */
async function selfTest(resources: ResourceList['resources'], range: string): Promise<Finding[]> {
  const host = resources
    .filter((each) => each.state === 'granted')
    .flatMap(({ hosts }) => hosts)
    .find((name) => !name.startsWith('*.'));
  if (host === undefined) return [];
  const beganMs = performance.now();
  const found = await lookup(host, { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  return [judgeAnswer({ host, addresses, ms: Math.round(performance.now() - beganMs) }, range)];
}

/** Name, connector, application: as far as one comes. */
async function tryResource(
  resource: string,
  ask: (method: 'GET' | 'POST', route: string) => Promise<unknown>,
): Promise<Finding[]> {
  const query = new URLSearchParams({ resource }).toString();
  try {
    const reply = (await ask('POST', `/v1/ping?${query}&look=1`)) as PingReply;
    if (reply.rtt_ms === undefined)
      return [
        { level: 'problem', text: `${resource}: no answer from ${reply.network}: ${reply.lost?.text ?? ''}` },
      ];
    const way: Finding = {
      level: 'ok',
      text: `${resource}: connector of ${reply.network}, ${pathText(reply.path)}, ${reply.rtt_ms} ms`,
    };
    const target = (await ask('POST', `/v1/ping/target?${query}`)) as PingTarget;
    if (target.state === 'not-asked') return [way];
    return target.state === 'fails'
      ? [way, { level: 'problem', text: `${target.host ?? resource}: ${target.text ?? ''}` }]
      : [way, { level: 'ok', text: `${target.host ?? resource}: known to the connector` }];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ level: 'problem', text: `${resource}: ${error.message}`, fix: `postern why ${resource}` }];
  }
}

const marks = { ok: '✓', warning: '!', problem: '✗' } as const;

function lineOf({ level, text, fix }: Finding): string {
  return `${marks[level]} ${text}${fix === undefined ? '' : `   → ${fix}`}`;
}
