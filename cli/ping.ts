/** `postern ping`: round trips to the connector of a resource, over which path they went, and how far the resource is reached. */
import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { pingSchema, type PingReply, type PingReport, type PingTarget } from '../client/status.ts';
import { parseDuration } from '../protocol/durations.ts';
import { exitOf, exits, Fault, type ExitCode } from '../protocol/errors.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { action, CommandError, print, say } from './output.ts';
import { stateOption } from './state-option.ts';
import { pathText } from './status.ts';

interface Options {
  state: string;
  account?: string;
  count: number;
  interval: number;
  port?: number;
  json?: boolean;
}

export function pingCommand(program: Command): void {
  program
    .command('ping')
    .description('measure the way to the connector of a resource, and say which it is')
    .argument('<resource>', 'its name, or a host name that leads to it')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--count <number>', 'round trips', parseCount, 4)
    .option('--interval <duration>', 'between two of them; 1s unless said', parseInterval, 1_000)
    .option(
      '--port <port>',
      'also open a connection to this port of it and close it, which is logged as a flow',
      parsePort,
    )
    .option('--json', 'as one JSON object, at the end')
    .action(action(run));
}

async function run(resource: string, options: Options): Promise<void> {
  const { state, account, count, interval, port, json = false } = options;
  const query = routeFor(new URLSearchParams({ resource }).toString(), account);
  const replies: PingReply[] = [];
  const tell = (line: string): void => void (json ? say(line) : process.stdout.write(`${line}\n`));
  for (let sent = 0; sent < count; sent++) {
    if (sent > 0) await pause(interval);
    const reply = (await ask(state, `/v1/ping?${query}${sent === 0 ? '&look=1' : ''}`)) as PingReply;
    replies.push(reply);
    tell(replyText(reply));
  }
  const asked = port === undefined ? query : `${query}&port=${port}`;
  const target = (await ask(state, `/v1/ping/target?${asked}`)) as PingTarget;
  const report = reportOf(replies, target);
  print(json, report, summary(report));
  process.exitCode = exitOfPing(report);
}

/** What the running client answers; throws a CommandError where nothing can be known before something else is done. */
async function ask(state: string, route: string): Promise<unknown> {
  try {
    return await callRunning(state, 'POST', route);
  } catch (error) {
    if (error instanceof Fault && error.code === 'expired')
      throw new CommandError(exits.notSignedIn, error.message);
    if (error instanceof Fault && error.code === 'out-of-contact')
      throw new CommandError(exits.controllerUnreachable, `${error.message} See: postern status`);
    throw error;
  }
}

/** 0 when answers came and the resource is there; else the code of what is in the way. */
export function exitOfPing({ answered, replies, target }: PingReport): ExitCode {
  const lost = replies.at(-1)?.lost;
  if (answered === 0 && lost !== undefined) return exitOf(lost.code);
  return target.code === undefined ? exits.ok : exitOf(target.code);
}

/** All round trips and what they came to. */
export function reportOf(replies: readonly PingReply[], target: PingTarget): PingReport {
  const { resource = '', network = '', path, not_direct } = replies.at(-1) ?? {};
  const times = replies.flatMap(({ rtt_ms: ms }) => ms ?? []).toSorted((a, b) => a - b);
  const [min, max] = [times[0], times.at(-1)];
  const sent = replies.length;
  return {
    schema: pingSchema,
    resource,
    network,
    ...(path === undefined ? {} : { path }),
    ...(not_direct === undefined ? {} : { not_direct }),
    sent,
    answered: times.length,
    loss: sent === 0 ? 0 : 1 - times.length / sent,
    ...(min === undefined || max === undefined ? {} : { rtt_ms: { min, median: medianOf(times), max } }),
    replies,
    target,
  };
}

/** Of values in order, at least one. */
function medianOf(sorted: readonly number[]): number {
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return Math.round((((low ?? 0) + (high ?? 0)) / 2) * 10) / 10;
}

function replyText({ network, path, rtt_ms: ms, lost }: PingReply): string {
  if (ms === undefined) return `no answer from ${network}: ${lost?.text ?? ''}`;
  return `reply from ${network} (${pathText(path)})  ${ms} ms`;
}

/** What is printed after the last reply. */
export function summary(report: PingReport): string {
  const { network, sent, answered, loss, rtt_ms: rtt, path, not_direct: notDirect, target } = report;
  const times = rtt === undefined ? '' : `; ${rtt.min} / ${rtt.median} / ${rtt.max} ms (min / median / max)`;
  return [
    `${network}: ${sent} sent, ${answered} answered, ${Math.round(loss * 100)} % lost${times}`,
    ...(path?.kind === 'direct' || notDirect === undefined ? [] : [`Not direct: ${notDirect}`]),
    targetText(target),
  ].join('\n');
}

function targetText({ host, port, state, text }: PingTarget): string {
  const what = port === undefined ? (host ?? 'It') : `${host}:${port}`;
  if (state === 'resolves')
    return `${what}: the connector knows the name (with --port it also tries a connection)`;
  if (state === 'connects') return `${what}: the application takes connections`;
  return state === 'fails' ? `! ${what}: ${text ?? ''}` : (text ?? '');
}

function parseCount(text: string): number {
  const number = Number(text);
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('give a number from 1 to 999999.');
  return number;
}

function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1_000 || ms > 3_600_000)
    throw new InvalidArgumentError('give a duration from 1s to 1h, such as 2s.');
  return ms;
}

function parsePort(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('give a port from 1 to 65535.');
  return Number(text);
}
