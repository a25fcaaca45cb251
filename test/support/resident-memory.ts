/**
 * What processes hold in memory, for the bench's `client.MB` and `node.kB`: an idle client, and one idle attachment at a
 * relay that is a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { newId } from '../../protocol/ids.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { createAuthority } from './authority.ts';
import { lab, labClient } from './relay-lab.ts';

/** The resident memory of a process, in bytes. Throws when there is no such process. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1_024;
}

/** The megabytes (10^6) that a process holds after doing nothing for ten seconds: call it when the client is ready. */
export async function idleMegabytes(pid: number, idleMs = 10_000): Promise<number> {
  await pause(idleMs);
  return residentBytes(pid) / 1e6;
}

/** How many dial at once: a relay bounds handshakes, and what is measured is the rest, not the dialling. */
const atOnce = 20;

/**
 * What one idle attachment costs a relay, in kB (1,000 bytes): the growth of a relay process of its own by `nodes` of them,
 * after five seconds without anything to do, divided by their number. Over `wss`, or over `ws` as behind a proxy that ends TLS.
 */
export async function kilobytesPerNode({
  nodes = 1_000,
  idleMs = 5_000,
  isBehindTls = false,
} = {}): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-relay-memory-'));
  const attached: Attachment[] = [];
  const authority = createAuthority(folder);
  const certificate = authority.issue(['relay.acme.example']);
  const ca = readFileSync(authority.caFile);
  const relayId = newId('rly', systemRandom(16));
  const program = join(import.meta.dirname, 'relay-process.ts');
  const relay = spawn(process.execPath, ['--max-semi-space-size=1', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    relay.stdin.end(JSON.stringify({ relayId, card: lab.card, ...certificate, isBehindTls }));
    const [line] = (await once(createInterface({ input: relay.stdout }), 'line')) as [string];
    const url = `${isBehindTls ? 'http' : 'https'}://127.0.0.1:${line}`;
    const attachOne = async (): Promise<void> => {
      const node = labClient();
      const connect = { ca, servername: 'relay.acme.example' };
      const ticket = await node.ticket();
      const { machineKey } = node;
      attached.push(await attachToRelay({ url, relayId, ticket, machineKey, connect, clock: systemClock }));
    };
    const attachMany = async (count: number): Promise<void> => {
      for (let made = 0; made < count; made += atOnce)
        await Promise.all(Array.from({ length: Math.min(atOnce, count - made) }, attachOne));
    };
    // The first ones bring in code that every relay has loaded after a minute.
    await attachMany(50);
    await pause(idleMs);
    const before = residentBytes(relay.pid ?? 0);
    await attachMany(nodes);
    await pause(idleMs);
    return (residentBytes(relay.pid ?? 0) - before) / nodes / 1_000;
  } finally {
    for (const attachment of attached) attachment.close();
    relay.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
