/** `postern flow`: flows that are open now, as the connectors that carry them say, and one of them cut. */
import type { Command } from 'commander';
import { Compile } from 'typebox/compile';
import { formatDuration } from '../protocol/durations.ts';
import { exits } from '../protocol/errors.ts';
import { parseId } from '../protocol/ids.ts';
import { LiveFlowList, type LiveFlowEntry } from '../protocol/live-flows.ts';
import { adminCall, ApiProblem } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { count } from './count.ts';
import { action, CommandError, print, say, table } from './output.ts';

const isList = Compile(LiveFlowList);

export function flowCommand(program: Command): void {
  const flow = program.command('flow').description('flows that are open now');
  withAdminOptions(flow.command('list').description('list them, the newest first'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    flow
      .command('cut <flow>')
      .description(
        'end one at once, by its id as listed: CONNECTOR/FLOW; the right to open another stays (to take that away: postern session end, or a policy)',
      ),
  ).action(action(cut));
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'GET', '/api/v1/flows');
  if (!isList.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no list of flows');
  const { flows, more, silent } = answer;
  const isJson = options.json === true;
  print(isJson, { schema: 'postern.flows/v1', ...answer }, table(flows.map(row)));
  if (silent.length > 0)
    say(
      `! ${silent.join(', ')} did not answer, so open flows there are not listed. Look again in half a minute, and at the connector: postern status --state DIR beside it.`,
    );
  if (isJson) return;
  if (more > 0) say(`${count(more, 'older flow')} more ${more === 1 ? 'is' : 'are'} open.`);
  else if (flows.length === 0 && silent.length === 0) say('No flow is open.');
}

function row(flow: LiveFlowEntry): string[] {
  const { subjectName, deviceName, resource, host, port, kind, network, connectorName } = flow;
  return [
    subjectName === '' ? 'nobody' : subjectName,
    deviceName ?? 'browser',
    resource,
    `${host}:${port}${kind === 'tcp' ? '' : ` (${kind})`}`,
    network === '' ? connectorName : `${connectorName} in ${network}`,
    `open ${formatDuration(Math.max(0, Date.now() - Date.parse(flow.since)))}`,
    bytesOf(flow),
    `${flow.connector}/${flow.flow}`,
  ];
}

/** Of a browser's request nothing is counted. */
function bytesOf({ bytesUp, bytesDown }: LiveFlowEntry): string {
  return bytesUp === undefined || bytesDown === undefined
    ? '–'
    : `${size(bytesUp)} up, ${size(bytesDown)} down`;
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

async function cut(which: string, options: AdminOptions): Promise<void> {
  const [connector = '', flow = '', ...rest] = which.split('/');
  if (parseId('con', connector) === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(flow) || rest.length > 0)
    throw new CommandError(
      exits.usage,
      `"${which}" is no flow; take CONNECTOR/FLOW from the end of its line in: postern flow list`,
    );
  try {
    await adminCall(await adminTarget(options), 'DELETE', `/api/v1/flows/${connector}/${flow}`);
  } catch (error) {
    throw error instanceof ApiProblem ? refusedCut(error) : error;
  }
  say('The flow has ended. Who may open another still may.');
}

function refusedCut(error: ApiProblem): CommandError {
  const { status, detail } = error.problem;
  if (status === 409) return new CommandError(exits.relayOrConnectorOffline, detail ?? error.message);
  if (status === 404)
    return new CommandError(
      exits.usage,
      `${detail === 'This flow has ended already.' ? 'this flow has ended already' : 'there is no such connector'}; what is open now: postern flow list`,
    );
  return error;
}
