/**
 * A real PostgreSQL of its own in a temporary directory, on a port of loopback that the system chose, and databases in it.
 * Runs as another user where the tests are root, since PostgreSQL refuses to be.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findProgram } from '../../../scripts/programs.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
/** A test that is ended in the middle leaves no server behind. */
const endsWithUs = ['--pdeathsig', 'KILL'];

export interface PostgresServer {
  /** As the administrator of the server, to its first database. */
  readonly url: string;
  /** The server's process, for tests that take it away. */
  readonly process: ChildProcess;
  /** Starts it again after its process has ended. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server with nothing in it; resolves when it answers. Only with `fsync` does what it writes reach the disk. */
export async function startPostgres({ fsync = false } = {}): Promise<PostgresServer> {
  const isRoot = process.getuid?.() === 0;
  // The other user may enter no temporary folder that was made for root alone.
  const data = await mkdtemp(join(isRoot ? '/tmp' : tmpdir(), 'postern-postgres-'));
  const as = isRoot ? await otherUser(data) : [];
  const exec = async (program: 'initdb', args: readonly string[]): Promise<void> => {
    const [command = '', ...rest] = [...as, findProgram(program), ...args];
    await run(command, rest, { cwd: data });
  };
  await exec('initdb', [
    '-D',
    data,
    '--no-sync',
    '-A',
    'trust',
    '-U',
    'postgres',
    '-E',
    'UTF8',
    // Not the order of bytes, which the store must bring itself.
    '--locale=C.UTF-8',
    '--locale-provider=icu',
    '--icu-locale=en-US',
  ]);
  const port = await freePort();
  await appendFile(
    join(data, 'postgresql.conf'),
    `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = ''\nfsync = ${fsync ? 'on' : 'off'}\nmax_connections = 200\n`,
  );
  await writeFile(join(data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 trust\n');
  const begin = async (): Promise<ChildProcess> => {
    const [command, ...rest] = [...as, findProgram('postgres'), '-D', data];
    const child = spawn(command, rest, { cwd: data, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.includes('ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(`postgres ended: ${said}`)));
    });
    return child;
  };
  let child = await begin();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    get process() {
      return child;
    },
    async restart() {
      child = await begin();
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGCONT');
        // At once, without waiting for those who are connected.
        child.kill('SIGINT');
        await ended;
      }
      await rm(data, { recursive: true });
    },
  };
}

/** Makes an empty database of this name and answers its URL; one that is there already stays. */
export async function makeDatabase(server: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Takes a database away, with everything that is connected to it. */
export async function dropDatabase(server: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
  } finally {
    await client.end();
  }
}

/** How to run something as the user that PostgreSQL's package made, to whom the directory then belongs. */
async function otherUser(data: string): Promise<string[]> {
  const idOf = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  const [uid, gid] = [await idOf('-u'), await idOf('-g')];
  await chown(data, uid, gid);
  return [findProgram('setpriv'), `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...endsWithUs, '--'];
}
