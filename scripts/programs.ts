/**
 * The system's programs that the lab, the demo and the bench run, where each is found and which Debian package brings
 * it. `scripts/system.ts` checks and installs by this table; whoever starts such a program asks `findProgram` for its
 * path. Nothing here is needed by Postern itself.
 */
import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a target needs the system for. */
export type Target = 'demo' | 'test' | 'bench';

interface Program {
  /** Several where one does not bring what is needed of it. */
  package: string;
  targets: readonly Target[];
  /** Needed only where namespaces are made: as root on Linux. */
  rootOnly?: true;
  /** A folder pattern searched besides the path. */
  folder?: string;
  /** Folders without which it is of no use, as those of an interpreter's libraries. */
  beside?: readonly string[];
  /** Its package is only unpacked: installing it would change how the system resolves names. */
  unpacked?: readonly string[];
}

/** Where packages that may not be installed are unpacked. */
export const unpackedFolder = fileURLToPath(
  new URL('../node_modules/.cache/postern-unpacked', import.meta.url),
);
const resolvedPackages = ['systemd-resolved', 'libsystemd-shared'] as const;

const people = ['demo', 'test'] as const;
const everyone = ['demo', 'test', 'bench'] as const;

/** Every program by name. */
export const programs = {
  ip: { package: 'iproute2', targets: everyone, rootOnly: true },
  nft: { package: 'nftables', targets: everyone, rootOnly: true },
  unshare: { package: 'util-linux', targets: everyone, rootOnly: true },
  setpriv: { package: 'util-linux', targets: everyone },
  curl: { package: 'curl', targets: everyone },
  zsh: { package: 'zsh', targets: ['test'] },
  fish: { package: 'fish', targets: ['test'] },
  dig: { package: 'bind9-dnsutils', targets: people },
  ssh: { package: 'openssh-client', targets: everyone },
  'ssh-keygen': { package: 'openssh-client', targets: everyone },
  sshd: { package: 'openssh-server', targets: everyone },
  psql: { package: 'postgresql-client', targets: people },
  postgres: { package: 'postgresql', targets: everyone, folder: '/usr/lib/postgresql/*/bin' },
  initdb: { package: 'postgresql', targets: everyone, folder: '/usr/lib/postgresql/*/bin' },
  'redis-server': { package: 'redis-server', targets: ['test', 'bench'] },
  chromium: { package: 'chromium', targets: people },
  nginx: { package: 'nginx-light', targets: ['test'] },
  python3: {
    package: 'python3-jwt python3-cryptography',
    targets: ['test'],
    folder: '/usr/bin',
    beside: ['/usr/lib/python3/dist-packages/jwt', '/usr/lib/python3/dist-packages/cryptography'],
  },
  pebble: { package: 'pebble', targets: ['test'] },
  tcpdump: { package: 'tcpdump', targets: ['test'], rootOnly: true },
  'dbus-daemon': { package: 'dbus-daemon', targets: ['test'], rootOnly: true },
  'systemd-resolved': {
    package: 'systemd-resolved',
    targets: ['test'],
    rootOnly: true,
    folder: join(unpackedFolder, 'lib/systemd'),
    unpacked: resolvedPackages,
  },
  resolvectl: {
    package: 'systemd-resolved',
    targets: ['test'],
    rootOnly: true,
    folder: join(unpackedFolder, 'usr/bin'),
    unpacked: resolvedPackages,
  },
  iperf3: { package: 'iperf3', targets: ['bench'] },
  caddy: { package: 'caddy', targets: ['bench'] },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof programs;

/** The absolute path of a program, or undefined where the system does not have it. */
export function locateProgram(name: ProgramName): string | undefined {
  const { folder, beside = [] }: Program = programs[name];
  if (!beside.every((path) => existsSync(path))) return undefined;
  const found = folder === undefined ? [] : globSync(folder).sort(byVersion).toReversed();
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== '');
  // A person's path often lacks the administrator's folders, where sshd, ip and nft are.
  const folders = [...found, ...path, '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((entry) => join(entry, name)).find(isExecutable);
}

/** As `locateProgram`; throws an Error that names the remedy where the program is missing. */
export function findProgram(name: ProgramName): string {
  const path = locateProgram(name);
  if (path === undefined)
    throw new Error(`${name} was not found: install the package ${programs[name].package}`);
  return path;
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
