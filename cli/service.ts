/** `postern service`: has systemd run a program from the start of the machine on, hardened, and without secrets in its unit. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Argument, Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import type { CommandTree } from './completion.ts';
import { configuredPrograms, type ConfiguredProgram } from './config-file.ts';
import { action, CommandError, print, say } from './output.ts';
import { serviceOptions } from './service-options.ts';
import { nameOf, unitOf } from './service-unit.ts';

interface Options {
  print?: boolean;
  root?: string;
  json?: boolean;
}

/** Where systemd finds programs by itself, and with them the Node that they ask for. */
const systemFolders = new Set(['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin']);

export function serviceCommand(program: Command, tree: CommandTree): void {
  const service = program
    .command('service')
    .description('run a program with the system (systemd)')
    .enablePositionalOptions();
  const which = (): Argument => new Argument('<program>', 'which').choices(configuredPrograms);
  const rootFlags = '--root <folder>';
  service
    .command('install')
    .description(
      'write the unit of a program with the options given, and start it; again: with other options',
    )
    .addArgument(which())
    .argument('[options...]', 'what the program is started with, secrets by file')
    .passThroughOptions()
    .option('--print', 'only show the unit')
    .option(rootFlags, 'write it below this folder and start nothing, as for an image')
    .addHelpText('after', installHelp)
    .action(
      action((name: ConfiguredProgram, words: string[], options: Options) =>
        install(tree, name, words, options),
      ),
    );
  service
    .command('uninstall')
    .description('stop a program and remove its unit; what it keeps stays')
    .addArgument(which())
    .option(rootFlags, 'of a system below this folder, which does not run')
    .action(action(uninstall));
  service
    .command('status')
    .description('show whether programs are installed and run; all unless one is named')
    .addArgument(new Argument('[program]', 'which').choices(configuredPrograms))
    .option(rootFlags, 'of a system below this folder, which does not run')
    .option('--json', 'as one JSON object')
    .action(action(status));
}

const installHelp = `
Options of service itself come before the program, those of the program after it:

  sudo postern service install connector --key-file /etc/postern/connector.key
  postern service install --print up --capture none --socks 127.0.0.1:1080

Secrets are given by file, which only root needs to read: systemd hands them over. State lies in /var/lib.`;

async function install(
  { load }: CommandTree,
  program: ConfiguredProgram,
  words: readonly string[],
  { print: isPrinted = false, root }: Options,
): Promise<void> {
  const parent = new Command();
  await load(program, parent);
  const command = parent.commands.find((each) => each.name() === program);
  if (command === undefined) throw new Error(`there is no command ${program}`);
  const unit = unitOf({ program, start: startWords(), ...serviceOptions(command, words) });
  if (isPrinted) return void process.stdout.write(unit);
  if (root === undefined) mayChange(['install', program, ...words]);
  writeUnit(unitFile(program, root), unit);
  if (root !== undefined) return say(`✓ Written to ${unitFile(program, root)}; nothing was started.`);
  await systemctl('daemon-reload');
  await systemctl('enable', `${nameOf(program)}.service`);
  await systemctl('restart', `${nameOf(program)}.service`);
  return say(
    `✓ ${nameOf(program)} runs, and starts with the system. Look at it with: postern service status ${program}` +
      ` · journalctl -u ${nameOf(program)}`,
  );
}

async function uninstall(program: ConfiguredProgram, { root }: Options): Promise<void> {
  const file = unitFile(program, root);
  if (root === undefined) mayChange(['uninstall', program]);
  if (!existsSync(file))
    throw new CommandError(exits.usage, `${nameOf(program)} is not installed: there is no ${file}`);
  if (root === undefined) await systemctl('disable', '--now', `${nameOf(program)}.service`);
  rmSync(file);
  if (root === undefined) await systemctl('daemon-reload');
  say(`✓ ${nameOf(program)} is removed. What it kept stays in /var/lib.`);
}

async function status(named: ConfiguredProgram | undefined, { root, json = false }: Options): Promise<void> {
  const programs = named === undefined ? configuredPrograms : [named];
  const services = [];
  for (const program of programs) {
    const isInstalled = existsSync(unitFile(program, root));
    const state = isInstalled && root === undefined && isRunningSystem() ? await stateOf(program) : undefined;
    services.push({
      program,
      unit: `${nameOf(program)}.service`,
      installed: isInstalled,
      ...(state === undefined ? {} : { state }),
    });
  }
  print(
    json,
    { schema: 'postern.services/v1', services },
    services
      .map(
        ({ program, installed, state }) =>
          `${program.padEnd(12)}${installed ? (state ?? 'installed') : 'not installed'}`,
      )
      .join('\n'),
  );
}

/** `active`, `failed` and so on, in systemd's own words. */
async function stateOf(program: ConfiguredProgram): Promise<string> {
  const { stdout } = await run('systemctl', ['is-active', `${nameOf(program)}.service`]);
  return stdout.trim();
}

/** Throws a CommandError where this user, or this system, has no units to change. */
function mayChange(words: readonly string[]): void {
  if (process.getuid?.() !== 0)
    throw new CommandError(
      exits.needsPrivilege,
      `units are root's to change. Run: sudo postern service ${words.map(shellWord).join(' ')}`,
    );
  if (!isRunningSystem())
    throw new CommandError(
      exits.unexpected,
      'systemd does not run here; --print shows the unit, and --root FOLDER writes it for a system that is not running',
    );
}

function isRunningSystem(): boolean {
  return existsSync('/run/systemd/system');
}

function unitFile(program: ConfiguredProgram, root = '/'): string {
  return join(root, 'etc/systemd/system', `${nameOf(program)}.service`);
}

/** Whole or not at all, and readable to everybody, as units are. */
function writeUnit(file: string, unit: string): void {
  const temporary = `${file}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file) && readFileSync(file, 'utf8') === unit) return;
    writeFileSync(temporary, unit);
    chmodSync(temporary, 0o644);
    renameSync(temporary, file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CommandError(
      exits.unexpected,
      `${file} cannot be written (${code}); check its folder's owner and free space`,
    );
  }
}

/** This very program: by its own name where systemd finds a Node for it, by this Node otherwise. */
function startWords(): string[] {
  const [node = '', launcher = ''] = process.argv;
  return systemFolders.has(dirname(launcher)) ? [launcher] : [node, launcher];
}

async function systemctl(...words: string[]): Promise<void> {
  const { code, stderr } = await run('systemctl', words);
  if (code !== 0)
    throw new CommandError(exits.unexpected, `systemctl ${words.join(' ')} failed: ${stderr.trim()}`);
}

function run(
  program: string,
  words: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(program, words, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : 1,
        stdout,
        stderr: stderr === '' && error !== null ? error.message : stderr,
      });
    });
  });
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
