/**
 * The systemd unit of each program that runs for long: hardened, with secrets handed over by systemd as files. The connector's is the
 * text that the dashboard shows as well (test/cli/service.test.ts holds them together). Pure.
 */
import { exits } from '../protocol/errors.ts';
import type { ConfiguredProgram } from './config-file.ts';
import { CommandError } from './output.ts';

/** One option as it was given; `value` is undefined of a switch. */
export interface GivenOption {
  readonly flag: string;
  readonly value?: string;
}

export interface UnitParts {
  readonly program: ConfiguredProgram;
  /** The words that start Postern, without arguments. */
  readonly start: readonly string[];
  readonly options: readonly GivenOption[];
  /** Files that systemd hands over, by the flag that takes them: absolute paths. */
  readonly credentials: ReadonlyMap<string, string>;
}

const descriptions: Readonly<Record<ConfiguredProgram, string>> = {
  controller: 'Postern controller',
  relay: 'Postern relay',
  connector: 'Postern connector',
  up: 'Postern client',
};

/** Where it keeps what it must remember: no other place is writable to it. */
const keptBy: Readonly<Record<ConfiguredProgram, readonly [flag: string, folder: string]>> = {
  controller: ['--data', '%S/postern-controller/data'],
  relay: ['--state', '%S/postern-relay/state'],
  connector: ['--state', '%S/postern-connector/state'],
  up: ['--state', '%S/postern'],
};

const restarts = ['Restart=on-failure', 'RestartSec=5'];
const shut = ['ProtectSystem=strict', 'ProtectHome=read-only', 'PrivateTmp=yes'];

/** A user of its own, and nothing of the machine but the network. */
const server = (program: ConfiguredProgram, capabilities: readonly string[]): string[] => [
  'DynamicUser=yes',
  `StateDirectory=${nameOf(program)}`,
  'StateDirectoryMode=0700',
  ...restarts,
  'TimeoutStopSec=40',
  'NoNewPrivileges=yes',
  `CapabilityBoundingSet=${capabilities.join(' ')}`,
  ...(capabilities.length === 0 ? [] : [`AmbientCapabilities=${capabilities.join(' ')}`]),
  ...shut,
  'PrivateDevices=yes',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
];
/** Ports below 1024 are what servers are often given. */
const ports = ['CAP_NET_BIND_SERVICE'];
const lines: Readonly<Record<ConfiguredProgram, readonly string[]>> = {
  controller: server('controller', ports),
  relay: server('relay', ports),
  connector: server('connector', []),
  up: [
    'StateDirectory=postern',
    'StateDirectoryMode=0700',
    ...restarts,
    'TimeoutStopSec=40',
    // After a crash its watchdog goes on refusing the names, until it has started again.
    'KillMode=process',
    'NoNewPrivileges=yes',
    // Addresses, rules and port 53; files of people, for what posture asks.
    'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_DAC_READ_SEARCH',
    ...shut,
    // resolv.conf, where systemd-resolved does not run.
    'ReadWritePaths=/etc',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
  ],
};

/** `postern-connector`; of the client, which has no such name of its own, `postern-up`. */
export function nameOf(program: ConfiguredProgram): string {
  return `postern-${program}`;
}

/** Throws a CommandError for an option that the unit settles, and for a value that no unit can hold. */
export function unitOf({ program, start, options, credentials }: UnitParts): string {
  const kept = keptBy[program];
  for (const { flag } of options)
    if (flag === kept[0])
      throw new CommandError(
        exits.usage,
        `the unit keeps ${flag} in ${kept[1].replace('%S', '/var/lib')}, the only place that it may write to; leave ${flag} out`,
      );
  const handed = [...credentials].map(([flag, file]) => ({
    flag,
    name: flag.slice(2).replace(/-file$/, ''),
    file,
  }));
  const words = [
    ...start.map(word),
    program,
    ...handed.flatMap(({ flag, name }) => [flag, `%d/${name}`]),
    ...options.flatMap(({ flag, value }) => [flag, ...(value === undefined ? [] : [word(value)])]),
    ...kept,
  ];
  return `[Unit]
Description=${descriptions[program]}
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${words.join(' ')}
${handed.map(({ name, file }) => `LoadCredential=${name}:${path(file)}\n`).join('')}${lines[program].join('\n')}

[Install]
WantedBy=multi-user.target
`;
}

/** As systemd reads it back: `%` and `$` mean something there, and blanks end a word. */
function word(text: string): string {
  if (/\p{Cc}/u.test(text))
    throw new CommandError(exits.usage, 'a value has a control character in it, which no unit can hold');
  const plain = text.replaceAll('%', '%%').replaceAll('$', () => '$$');
  return /^[\w@%$+=:,./-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`;
}

function path(file: string): string {
  if (!/^[\w@+=,./-]+$/.test(file))
    throw new CommandError(
      exits.usage,
      `a file that systemd hands over has a plain path, of letters, digits and ._-+=,@/; move it: ${file}`,
    );
  return file;
}
