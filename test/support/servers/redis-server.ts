/** A real redis-server of its own that keeps nothing, on a port of loopback, with all that can befall it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { findProgram } from '../../../scripts/programs.ts';
import { freePort } from './free-port.ts';

export interface RedisServer {
  readonly url: string;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Writes down what it keeps now. */
  remember(): Promise<void>;
  /** Starts it again on the same port: empty, or as it was when it last wrote down what it kept. */
  restart(): Promise<void>;
  /** It keeps its connections and answers nothing until it goes on. */
  stall(): void;
  goOn(): void;
  /** Forgets everything it keeps. */
  flush(): Promise<void>;
  /** Refuses whatever takes memory, or no longer does. */
  refuseMemory(refuses: boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-redis-'));
  const port = await freePort();
  const begin = async (): Promise<ChildProcess> => {
    const args = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      directory,
    ];
    // One that a test leaves behind when it is ended in the middle ends with it.
    const whole = ['--pdeathsig', 'KILL', findProgram('redis-server'), ...args];
    const started = spawn(findProgram('setpriv'), whole, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      started.stdout.on('data', (text: Buffer) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
      started.once('exit', () => reject(new Error('redis-server ended at once')));
    });
    return started;
  };
  let child = await begin();
  const url = `redis://127.0.0.1:${port}`;
  const ask = async (command: readonly string[]): Promise<void> => {
    const client = createClient({ url });
    await client.connect();
    await client.sendCommand(command);
    client.destroy();
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url,
    kill,
    async restart() {
      child = await begin();
    },
    stall: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    remember: () => ask(['SAVE']),
    flush: () => ask(['FLUSHALL']),
    async refuseMemory(refuses) {
      await ask(['CONFIG', 'SET', 'maxmemory-policy', 'noeviction']);
      await ask(['CONFIG', 'SET', 'maxmemory', refuses ? '1' : '0']);
    },
    async stop() {
      await kill();
      await rm(directory, { recursive: true });
    },
  };
}
