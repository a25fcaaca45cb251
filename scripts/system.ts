/**
 * Finds what a target needs from the system and installs what is missing on Debian as root; elsewhere prints the one
 * line to run and exits 1. Called first by `npm test`, `npm run demo` and `npm run bench`, so that a missing part is a
 * failure at the start and never a skipped test. It starts, stops and configures no service.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { locateProgram, programs, type ProgramName, type Target } from './programs.ts';

const targets: readonly Target[] = ['demo', 'test', 'bench'];

const { values } = parseArgs({ options: { for: { type: 'string' } } });
const target = targets.find((name) => name === values.for);
if (target === undefined) refuse(`usage: node scripts/system.ts --for ${targets.join('|')}`, 2);

const isRoot = process.getuid?.() === 0;
const missing = missingFor(target);
if (missing.length > 0) {
  const packages = [...new Set(missing.map((name) => programs[name].package))];
  if (!isDebian() || !isRoot) explain(missing, packages);
  install(packages);
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

function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function install(packages: string[]): void {
  console.error(`Installing from Debian: ${packages.join(' ')}`);
  // Debian's packages start their services on installation unless this file forbids it.
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const worked =
    aptGet(['update', '-qq']) && aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  if (isOurs) rmSync(policy, { force: true });
  if (!worked) refuse('apt-get failed: read its lines above, then run the same command again', 1);
}

function aptGet(args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env }).status === 0;
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
