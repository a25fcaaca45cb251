/**
 * REL-5: a controller with its relay is killed under so many connectors and started again: when they are back, how often
 * each asked, and how long an administrator waits meanwhile. The programs are the built ones.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { freePort } from '../servers/free-port.ts';

export interface HerdReturn {
  readonly count: number;
  /** From the moment the controller listened again, ms. */
  readonly p95Ms: number;
  readonly allMs: number;
  /** Attempts that reached it, of each, to have a control channel and to be attached. */
  readonly control: number;
  readonly relay: number;
  /** Those with them that nobody listened to. */
  readonly dials: number;
  /** Of an administrator's questions meanwhile. */
  readonly apiP99Ms: number;
  readonly apiAsked: number;
}

interface Counted {
  readonly back: number;
  readonly backMs: readonly number[];
  readonly control: number;
  readonly relay: number;
  readonly dials: number;
}

const launcher = fileURLToPath(new URL('../../../bin/postern', import.meta.url));
const herd = fileURLToPath(new URL('./herd-nodes.ts', import.meta.url));

export async function restartHerd(count: number, progress: (line: string) => void): Promise<HerdReturn> {
  const root = await mkdtemp(join(tmpdir(), 'postern-herd-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const nodes = spawn(process.execPath, [herd], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(nodes.stdout)[Symbol.asyncIterator]();
  const ask = async (command: object): Promise<Counted> => {
    nodes.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error('the connectors have ended');
    return JSON.parse(value) as Counted;
  };
  let controller = await start(root, url);
  try {
    const token = await printed(['token', 'create', '--data', root, '--role', 'admin']);
    const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${url}/api/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(await answer.text());
      return (await answer.json()) as Record<string, unknown>;
    };
    const networks = Array.from({ length: 20 }, (_, index) => ({ name: `site-${index}` }));
    await call('PUT', 'document', { organisation: 'acme', networks });
    const discovery = (await (await fetch(`${url}/.well-known/postern-configuration`)).json()) as {
      root: string;
    };
    const each = Math.ceil(count / networks.length);
    for (const { name } of networks) {
      const { key } = await call('POST', 'enrolment-keys', { purpose: 'connector', name, uses: each });
      await ask({ begin: { url, root: discovery.root, secret: key, count: each } });
      progress(`${(await ask({})).back} connectors are there`);
    }
    await eventually('all connectors', async () => ((await ask({})).back === count ? true : undefined), {
      timeoutMs: 120_000,
      everyMs: 200,
    });
    await ask({ mark: true });
    controller.kill('SIGKILL');
    await once(controller, 'exit');
    controller = await start(root, url);
    const listenedMs = Date.now();
    const waits: number[] = [];
    const back = await eventually(
      'the return of all',
      async () => {
        const began = performance.now();
        await call('GET', 'networks');
        waits.push(performance.now() - began);
        const now = await ask({});
        return now.back === count ? now : undefined;
      },
      { timeoutMs: 60_000, everyMs: 20 },
    );
    const times = back.backMs.map((ms) => ms - listenedMs).toSorted((a, b) => a - b);
    return {
      count,
      p95Ms: times[Math.ceil(count * 0.95) - 1] ?? Infinity,
      allMs: times.at(-1) ?? Infinity,
      control: back.control / count,
      relay: back.relay / count,
      dials: back.dials / count,
      apiP99Ms: waits.toSorted((a, b) => a - b)[Math.ceil(waits.length * 0.99) - 1] ?? Infinity,
      apiAsked: waits.length,
    };
  } finally {
    nodes.stdin.end();
    controller.kill('SIGKILL');
    await rm(root, { recursive: true, force: true });
  }
}

/** What of REL-5 does not hold. */
export function herdFaults({ p95Ms, allMs, control, relay, apiP99Ms }: HerdReturn): string[] {
  return [
    ...(p95Ms > 10_000 ? [`95 in 100 were back after ${p95Ms} ms`] : []),
    ...(allMs > 30_000 ? [`the last was back after ${allMs} ms`] : []),
    ...(control > 1.5 ? [`each asked the controller ${control.toFixed(2)} times`] : []),
    ...(relay > 1.5 ? [`each asked the relay ${relay.toFixed(2)} times`] : []),
    ...(apiP99Ms > 500 ? [`an administrator waited ${Math.round(apiP99Ms)} ms`] : []),
  ];
}

/** Resolves when it says that it is ready. */
async function start(data: string, url: string): Promise<ChildProcess> {
  const listen = new URL(url).host;
  const child = spawn(launcher, ['controller', '--data', data, '--listen', listen, '--public-url', url], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // What it says is for people who run it.
  child.stderr.resume();
  await eventually(
    'the controller',
    async () => {
      if (child.exitCode !== null) throw new Error('the controller has ended');
      return (await fetch(`${url}/livez`).catch(() => undefined))?.ok === true ? true : undefined;
    },
    { timeoutMs: 30_000, everyMs: 10 },
  );
  return child;
}

async function printed(args: readonly string[]): Promise<string> {
  const child = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text.trim();
}
