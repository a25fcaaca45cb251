/**
 * A laptop that moves: its NAT forgets it, its address changes, its interface is down for a while. Real `ssh` and a download
 * by `curl` are open throughout, beside flows of numbered blocks.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Program } from '../lab/program.ts';
import type { Outcome } from './relay-scenarios.ts';
import type { TwoRelays } from './two-relays.ts';

/** Noticed within 6 s, relays dialled anew within 2.5, and a session moved within one more. */
const recoverMs = 12_000;

/** @param downloadBytes at 500 kB a second */
export async function moveLaptop(
  world: TwoRelays,
  { downS, downloadBytes }: { downS: number; downloadBytes: number },
): Promise<Outcome> {
  const { lab } = world;
  const notes: string[] = [];
  const flows = await world.flows(4, 100);
  const ssh = lab.laptop.spawn(
    'ssh',
    [
      ...['-F', lab.bastion.configFile, 'root@bastion.acme.internal'],
      'n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.1; done',
    ],
    { name: 'ssh' },
  );
  await ssh.waitFor(/tick 3\b/);
  const url = `http://wiki.acme.internal/bytes?n=${downloadBytes}`;
  const curl = lab.laptop.spawn('sh', ['-c', `curl -sS --limit-rate 500k "${url}" | sha256sum`], {
    name: 'curl',
  });
  const nat = `198.18.${lab.number}`;
  await step('its NAT forgets it and has another address', async () => {
    await ip(lab.laptopNat, `addr del ${nat}.100/24 dev wan0`);
    await ip(lab.laptopNat, `addr add ${nat}.101/24 dev wan0`);
  });
  const lan = `192.168.${lab.number}`;
  await step('its address changes', async () => {
    await ip(lab.laptop, `addr del ${lan}.2/24 dev eth0`);
    await ip(lab.laptop, `addr add ${lan}.3/24 dev eth0`);
    await ip(lab.laptop, `route replace default via ${lan}.1`);
  });
  await step(`its interface is down for ${downS} s`, async () => {
    await ip(lab.laptop, 'link set eth0 down');
    await wait(downS * 1_000);
    await ip(lab.laptop, 'link set eth0 up');
    await ip(lab.laptop, `route replace default via ${lan}.1`);
  });
  const expected = createHash('sha256')
    .update(await wikiBytes(world, downloadBytes))
    .digest('hex');
  const [, sum] = await curl.waitFor(/^([0-9a-f]{64})/m, { timeoutMs: 120_000 });
  assert.equal(sum, expected, 'the download is whole');
  notes.push(`a download of ${downloadBytes} bytes is whole`);
  const ticks = [...ssh.output.matchAll(/^tick (\d+)$/gm)].map(([, number]) => Number(number));
  assert.deepEqual(
    ticks,
    Array.from(ticks, (_, index) => index + 1),
    'ssh lost nothing',
  );
  notes.push(`ssh said ${ticks.length} lines, none lost`);
  await ssh.stop();
  return { report: await flows.end(), allowedMs: downS * 1_000 + recoverMs, notes };

  async function step(what: string, change: () => Promise<void>): Promise<void> {
    await change();
    const since = performance.now();
    await goesOn(ssh, recoverMs);
    notes.push(`${what}: ssh goes on after ${Math.round(performance.now() - since)} ms`);
  }
}

/** Waits for output that comes after everything that was on its way. */
async function goesOn(program: Program, timeoutMs: number): Promise<void> {
  // What was in the laptop's own buffers may still come at once.
  await wait(500);
  await program.waitFor(/tick \d+\n/, { from: program.output.length, timeoutMs });
}

async function ip(place: { run: TwoRelays['lab']['laptop']['run'] }, line: string): Promise<void> {
  const { code, stderr } = await place.run('ip', line.split(' '));
  assert.equal(code, 0, `ip ${line}: ${stderr}`);
}

/** The same bytes, fetched where they are. */
async function wikiBytes({ lab }: TwoRelays, downloadBytes: number): Promise<Buffer> {
  const url = `http://${lab.addresses.wiki}/bytes?n=${downloadBytes}`;
  const { stdout } = await lab.servers.run('sh', ['-c', `curl -sS "${url}" | base64 -w0`]);
  return Buffer.from(stdout, 'base64');
}
