/**
 * `npm run test:deploy`: follows the Dockerfile's lines without an engine, as root on Linux. Each stage is a root of its own
 * laid over this machine's, which stands for the base image; RUN lines run in it for real, and what the last stage holds is
 * then started as its USER, with its HEALTHCHECK asked before, during and after. Exits 0 when all of that holds.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { version } from '../../protocol/version.ts';

const repository = join(import.meta.dirname, '../..');

interface Stage {
  readonly name: string;
  readonly lines: { readonly word: string; readonly rest: string }[];
}

const stages = readStages(readFileSync(join(repository, 'Dockerfile'), 'utf8'));
const last = stages.at(-1);
if (stages.length < 2 || last === undefined) throw new Error('the Dockerfile has no build stage');
const folder = mkdtempSync(join(tmpdir(), 'postern-dockerfile-'));
try {
  const script = join(folder, 'steps.sh');
  writeFileSync(script, [...stages.flatMap(stageSteps), ...checks(last)].join('\n'));
  writeFileSync(join(folder, 'context'), contextFiles().join('\n'));
  const ran = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 300_000,
  });
  process.exitCode = ran.status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The instructions stage by stage, joined over line ends, comments and arguments left out. */
function readStages(text: string): Stage[] {
  const found: Stage[] = [];
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (word === 'FROM') found.push({ name: / AS (\w+)/.exec(rest)?.[1] ?? 'last', lines: [] });
    else if (word !== '' && word !== 'ARG') found.at(-1)?.lines.push({ word, rest });
  }
  return found;
}

function rootOf(stage: string): string {
  return join(folder, 'stages', stage, 'root');
}

/** Shell commands that do what the stage's lines say. */
function stageSteps({ name, lines }: Stage): string[] {
  const root = rootOf(name);
  const steps = [
    `mkdir -p ${folder}/stages; mountpoint -q ${folder}/stages || mount -t tmpfs none ${folder}/stages`,
    `mkdir -p ${root} ${root}/../upper ${root}/../work`,
    `mount -t overlay overlay -o lowerdir=/,upperdir=${root}/../upper,workdir=${root}/../work ${root}`,
    `mount -t proc proc ${root}/proc; mount --bind /dev ${root}/dev; mount -t tmpfs none ${root}/tmp; chmod 1777 ${root}/tmp`,
    `cp ${process.execPath} ${root}/usr/local/bin/node`,
  ];
  let at = '/';
  for (const { word, rest } of lines) {
    if (word === 'WORKDIR') {
      at = rest;
      steps.push(`mkdir -p ${root}${at}`);
    }
    if (word === 'RUN') steps.push(`echo 'RUN ${rest}'`, inside(root, at, rest));
    if (word === 'COPY') steps.push(...copySteps(root, at, rest));
  }
  return steps;
}

function copySteps(root: string, at: string, rest: string): string[] {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith('--from=') === true ? words.shift()?.slice(7) : undefined;
  const target = `${root}${join('/', at, words.pop() ?? '.')}`;
  if (from === undefined) {
    const wanted = words.includes('.') ? `cat ${folder}/context` : `printf '%s\\n' ${words.join(' ')}`;
    return [`cd ${repository}; ${wanted} | tar -c -T - | tar -x -C ${target}; cd /`];
  }
  // One folder: its content goes to the target. One file to a file; several to a folder.
  return words.map((word) => {
    const source = `${rootOf(from)}${word}`;
    const file =
      words.length > 1
        ? `mkdir -p ${target}; cp -a ${source} ${target}/`
        : `mkdir -p $(dirname ${target}); cp -a ${source} ${target}`;
    return `if [ -d ${source} ]; then mkdir -p ${target}; cp -a ${source}/. ${target}; else ${file}; fi`;
  });
}

function inside(root: string, at: string, command: string, prefix = ''): string {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return `env -i PATH=${path} HOME=/tmp NODE_ENV= chroot ${root} sh -c ${quoted(`cd ${at}; ${prefix}${command}`)}`;
}

/** What the engine would be sent: the repository's files that .dockerignore lets through, later patterns over earlier. */
function contextFiles(): string[] {
  const rules = readFileSync(join(repository, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isIn: line.startsWith('!'), pattern: line.replace(/^!/, '') }));
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
    encoding: 'utf8',
  });
  return listed.stdout
    .trim()
    .split('\n')
    .filter((file) => {
      const rule = rules.findLast(
        ({ pattern }) => pattern === '*' || matchesGlob(file, pattern) || matchesGlob(file, `${pattern}/**`),
      );
      return rule?.isIn === true;
    });
}

/** What must hold of the last stage, as shell commands that end the script where it does not. */
function checks({ name, lines }: Stage): string[] {
  const root = rootOf(name);
  const value = (word: string): string => lines.findLast((line) => line.word === word)?.rest ?? '';
  const list = (text: string): string => (JSON.parse(text) as string[]).map(quoted).join(' ');
  const health = list(/CMD (\[.*\])$/.exec(value('HEALTHCHECK'))?.[1] ?? '');
  const [uid, gid] = value('USER').split(':');
  const as = `exec setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs --bounding-set=-all `;
  const run = (command: string): string => inside(root, value('WORKDIR'), command, as);
  const start = `${list(value('ENTRYPOINT'))} controller --listen=0.0.0.0:8443 --public-url=https://access.acme.example:8443 --data=/data`;
  const running = [
    'set -e; ip link set lo up',
    `say() { echo "held: $1"; }`,
    `! ${run(health)}; say 'not healthy before it runs'`,
    `${run(start)} > ${folder}/log 2>&1 & server=$!`,
    `for i in $(seq 100); do ${run(health)} && break || sleep 0.2; done`,
    `${run(health)} || { cat ${folder}/log; exit 1; }; say 'healthy once it runs, as user ${uid}'`,
    `kill -TERM $server; wait $server; say 'ends in order on ${value('STOPSIGNAL')}'`,
    `! ${run(health)}; say 'not healthy afterwards'`,
  ];
  return [
    `for gone in node_modules/typescript node_modules/vite cli client test .git; do test ! -e ${root}${value('WORKDIR')}/$gone; done; echo 'held: only what runs is in the last stage'`,
    `test "$(${run(list(value('ENTRYPOINT')) + ' version')})" = "${version}"`,
    `! ${run('touch /app/x')} 2> /dev/null; echo 'held: its user writes nothing but /data'`,
    `unshare --net sh -c ${quoted(running.join('\n'))}`,
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
