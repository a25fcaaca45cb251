/**
 * Finds what a target needs from the system and installs what is missing on Debian as root; elsewhere prints the one
 * line to run and exits 1. A package that would change the system is unpacked beside the project instead. Called first
 * by `npm test`, `npm run demo` and `npm run bench`, so that a missing part is a failure at the start and never a skipped
 * test. It starts, stops and configures no service.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { locateProgram, programs, unpackedFolder, type ProgramName, type Target } from './programs.ts';

const targets: readonly Target[] = ['demo', 'test', 'bench'];

const { values } = parseArgs({ options: { for: { type: 'string' } } });
const target = targets.find((name) => name === values.for);
if (target === undefined) refuse(`usage: node scripts/system.ts --for ${targets.join('|')}`, 2);

const isRoot = process.getuid?.() === 0;
const missing = missingFor(target);
if (missing.length > 0) {
  const installed = missing.filter((name) => packagesToUnpack(name).length === 0);
  const packages = [...new Set(installed.flatMap((name) => programs[name].package.split(' ')))];
  if (!isDebian() || !isRoot) explain(missing, packages);
  install(packages);
  const unpacked = missing.flatMap((name) => packagesToUnpack(name));
  if (unpacked.length > 0) unpack([...new Set(unpacked)]);
  const still = missingFor(target);
  if (still.length > 0) refuse(`installed, but still not found: ${still.join(', ')}`, 1);
}

function missingFor(wanted: Target): ProgramName[] {
  const makesNamespaces = isRoot && process.platform === 'linux';
  return (Object.keys(programs) as ProgramName[]).filter((name) => {
    const needed: readonly Target[] = programs[name].targets;
    if (!needed.includes(wanted) || ('rootOnly' in programs[name] && !makesNamespaces)) return false;
    return locateProgram(name) === undefined;
  });
}

function packagesToUnpack(name: ProgramName): readonly string[] {
  const program = programs[name];
  return 'unpacked' in program ? program.unpacked : [];
}

function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function install(packages: string[]): void {
  if (packages.length > 0) console.error(`Installing from Debian: ${packages.join(' ')}`);
  // Debian's packages start their services on installation unless this file forbids it.
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const worked =
    aptGet(['update', '-qq']) &&
    (packages.length === 0 || aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages]));
  if (isOurs) rmSync(policy, { force: true });
  if (!worked) refuse('apt-get failed: read its lines above, then run the same command again', 1);
}

/** Downloads packages and lays their files out below `unpackedFolder`; nothing of the system changes. */
function unpack(packages: string[]): void {
  console.error(`Unpacking from Debian, not installing: ${packages.join(' ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'postern-debian-'));
  try {
    if (!aptGet(['download', '-qq', '-o', 'APT::Sandbox::User=root', ...packages], folder))
      refuse('apt-get download failed: read its lines above, then run the same command again', 1);
    mkdirSync(unpackedFolder, { recursive: true });
    for (const file of readdirSync(folder)) {
      const extracted = spawnSync('dpkg-deb', ['-x', join(folder, file), unpackedFolder], {
        stdio: ['ignore', 2, 2],
      });
      if (extracted.status !== 0) refuse(`dpkg-deb could not unpack ${file}`, 1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function aptGet(args: string[], cwd = '/'): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env, cwd }).status === 0;
}

function explain(names: ProgramName[], packages: string[]): never {
  const line = isDebian()
    ? `sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`
    : `(with your package manager, by their Debian names) ${packages.join(' ')}`;
  refuse(`missing for "${target}": ${names.join(', ')}\nInstall and run again:\n  ${line}`, 1);
}

function refuse(why: string, exitCode: number): never {
  console.error(why);
  process.exit(exitCode);
}
