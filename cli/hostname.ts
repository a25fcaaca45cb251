/** `postern hostname`: public hostnames, who owns them, and whether DNS and certificates are as they should be. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { HostnameCheck, HostnameEntry } from '../protocol/hostnames.ts';
import { NameProof } from '../protocol/name-proofs.ts';
import type { HostCertificate } from '../protocol/web-messages.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';

interface Options extends AdminOptions {
  json?: boolean;
}

const isList = Compile(Type.Array(HostnameEntry));
const isCheck = Compile(HostnameCheck);
const isProofs = Compile(Type.Array(NameProof));

const pointsTexts: Record<HostnameCheck['dns']['points'], string> = {
  here: 'leads to the relays',
  partly: 'leads to the relays and elsewhere',
  elsewhere: 'leads elsewhere',
  nowhere: 'has no address',
  unknown: 'is not known: DNS does not answer',
};

export function hostnameCommand(program: Command): void {
  const hostname = program
    .command('hostname')
    .description('public hostnames: who owns them, where they lead, their certificates');
  withAdminOptions(
    hostname
      .command('proofs')
      .description('names that work once DNS says whose they are, with several organisations'),
  )
    .option('--look', 'ask DNS now about those that wait')
    .option('--json', 'as one JSON object')
    .action(action(proofs));
  withAdminOptions(hostname.command('list').description('list them'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    hostname
      .command('check <name>')
      .description('look at DNS and certificates of one, and say which record is missing'),
  )
    .option('--json', 'as one JSON object')
    .action(action(check));
}

async function proofs({ look, ...options }: Options & { look?: boolean }): Promise<void> {
  const target = await adminTarget(options);
  const names =
    look === true
      ? await adminCall(target, 'POST', '/api/v1/names/look')
      : await adminCall(target, 'GET', '/api/v1/names');
  if (!isProofs.Check(names)) throw new CommandError(exits.unexpected, 'the answer is no list of names');
  const rows = names.map(({ name, state, record, missing }) => [
    name,
    state === 'waiting'
      ? 'waiting'
      : missing === undefined
        ? 'owned'
        : `owned, its record is missing since ${missing}`,
    record === undefined
      ? 'no record: the first organisation that uses it has it'
      : `${record.name} ${record.type} "${record.value}"`,
  ]);
  print(options.json === true, { schema: 'postern.names/v1', names }, table(rows));
  if (options.json === true) return;
  if (names.length === 0)
    say('No name has to be proven here: there are none, or this controller serves one organisation.');
  else if (names.some(({ state, record }) => state === 'waiting' && record !== undefined))
    say('Set the records of those that wait. DNS is asked each minute; at once with --look.');
}

async function list(options: Options): Promise<void> {
  const hostnames = await adminCall(await adminTarget(options), 'GET', '/api/v1/hostnames');
  if (!isList.Check(hostnames))
    throw new CommandError(exits.unexpected, 'the answer is no list of hostnames');
  const rows = hostnames.map((entry) => [
    entry.hostname,
    entry.resource,
    entry.network,
    certificateText(entry),
  ]);
  print(options.json === true, { schema: 'postern.hostnames/v1', hostnames }, table(rows));
  if (hostnames.length === 0 && options.json !== true)
    say('There are none; give a resource a web door: docs/web-door.md');
}

async function check(name: string, options: Options): Promise<void> {
  const path = `/api/v1/hostnames/${encodeURIComponent(name)}/check`;
  const answer = await adminCall(await adminTarget(options), 'GET', path);
  if (!isCheck.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no check of a hostname');
  const { dns, trust, missing, port } = answer;
  const lines = [
    ['resource', `${answer.resource} in ${answer.network}`],
    ['address', `https://${answer.hostname}${port === 443 ? '' : `:${port}`}/`],
    ['DNS', `${pointsTexts[dns.points]}${dns.addresses.length === 0 ? '' : ` (${dns.addresses.join(' ')})`}`],
    ...certificateRows(answer),
    [
      'CAA',
      trust === 'relay-proof'
        ? 'relay-proof: nobody but your connectors can get a certificate'
        : 'relay-trusted: whoever runs the relay could get a certificate as well',
    ],
    ...missing.map((record) => ['to set', `${record.name} ${record.type} ${record.value}`]),
  ];
  print(options.json === true, { schema: 'postern.hostname/v1', ...answer }, table(lines));
}

/** One row for each connector, and one for what it has to say. */
function certificateRows({ hostname, certificates }: HostnameEntry): string[][] {
  if (certificates.length === 0)
    return [['certificate', 'no connector has reported one: postern connector serves the network']];
  return certificates.flatMap(({ name, certificate }) => [
    ['certificate', `${name}: ${shortText(certificate, hostname)}${issuerText(certificate)}`],
    ...(certificate.problem === undefined ? [] : [['', `! ${certificate.problem}`]]),
  ]);
}

function issuerText({ issuer }: HostCertificate): string {
  return issuer === undefined ? '' : `, issued by ${issuer}`;
}

/** With the name where it is another than the hostname: one below a wildcard. */
function shortText({ host, state, from, until }: HostCertificate, hostname: string): string {
  const end = until === undefined ? '' : ` until ${new Date(until * 1_000).toISOString().slice(0, 10)}`;
  return `${host === hostname ? '' : `${host} `}${state} (${from})${end}`;
}

function certificateText({ hostname, certificates }: HostnameEntry): string {
  if (certificates.length === 0) return 'no connector has reported one';
  return certificates
    .map(({ name, certificate }) => {
      const { problem } = certificate;
      return `${name}: ${shortText(certificate, hostname)}${problem === undefined ? '' : `, ${problem}`}`;
    })
    .join('; ');
}
