/** Names and flows captured on a whole (small) system: what programs see, and that nothing is left behind. Needs root. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Laptop } from './laptop.ts';

/** What a program gets that connects and says `hello`. */
const talk = (name: string, port: number): [string, string[]] => [
  'bash',
  ['-c', `exec 3<>/dev/tcp/${name}/${port} && echo hello >&3 && head -2 <&3`],
];

/** Where no moment is promised: how long a wait may take before something is wrong. */
const patienceMs = 20_000;

async function waitFor(what: string, condition: () => Promise<boolean>, withinMs: number): Promise<number> {
  const startMs = performance.now();
  while (performance.now() - startMs < withinMs) {
    if (await condition()) return performance.now() - startMs;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail(`${what}: not within ${withinMs} ms`);
}

test('any program reaches any port of a granted name, and everything is given back at the end', async (t) => {
  const laptop = await Laptop.boot(t);
  const before = await laptop.fingerprint();
  const capturing = await laptop.capture(t);
  for (const port of [1, 22, 80, 5_432, 65_535]) {
    const { stdout } = await laptop.run(...talk('wiki.acme.internal', port));
    assert.equal(stdout, `wiki.acme.internal:${port}\nhello\n`);
  }
  assert.equal(
    (await laptop.run(...talk('db1.db.acme.internal', 5_432))).stdout,
    'db1.db.acme.internal:5432\nhello\n',
  );
  assert.equal((await laptop.run('getent', ['ahosts', 'nobody.acme.internal'])).code, 2);
  assert.equal(
    (await laptop.run('getent', ['ahostsv4', 'www.example.com'])).stdout.split(' ')[0],
    '203.0.113.7',
  );
  const last = await capturing.stop();
  assert.equal(last['resolvConf'], 'restored');
  const asked = last['asked'] as string[];
  assert.ok(asked.includes('www.example.com'));
  const leaked = asked.filter((name) => name.includes('acme.internal'));
  assert.deepEqual(
    leaked,
    [],
    'no protected name, with a search domain or without, reached another resolver',
  );
  assert.equal(await laptop.fingerprint(), before);
});

test('a refused flow is reset, and so is one to a synthetic address that is no name’s', async (t) => {
  const laptop = await Laptop.boot(t);
  await laptop.capture(t);
  for (const [name, port] of [
    ['wiki.acme.internal', 81],
    ['100.97.1.2', 80],
  ] as const) {
    assert.equal(
      (await laptop.run(...talk('wiki.acme.internal', 80))).stdout,
      'wiki.acme.internal:80\nhello\n',
    );
    const refused = await laptop.run(...talk(name, port));
    assert.equal(refused.stdout, '');
  }
});

test('only the person and root are captured; for others the range is closed, whatever listens here (T11)', async (t) => {
  const laptop = await Laptop.boot(t);
  const capturing = await laptop.capture(t);
  assert.equal(
    (await laptop.run(...talk('wiki.acme.internal', 22), 4_242)).stdout,
    'wiki.acme.internal:22\nhello\n',
  );
  // A service of this machine on every address, as sshd is: it must not be what answers under a synthetic one.
  const service =
    "require('node:net').createServer((s) => s.end('own service\\n')).listen(2222); setTimeout(process.exit, 3e3)";
  const listener = laptop.run(process.execPath, ['-e', service]);
  await waitFor(
    'the own service',
    async () => (await laptop.run(...talk('127.0.0.1', 2_222))).stdout === 'own service\n',
    3_000,
  );
  const other = await laptop.run(...talk('wiki.acme.internal', 2_222), 4_243);
  assert.equal(other.stdout, '');
  assert.notEqual(other.code, 0);
  const udp = await laptop.run('dig', ['+time=1', '+tries=1', '@100.96.7.7', 'www.example.com']);
  assert.notEqual(udp.code, 0, 'UDP to a synthetic address reaches no service of this machine');
  await capturing.stop();
  await listener;
});

test('a connection to the capturing port itself is reset: it was meant for nobody', async (t) => {
  const laptop = await Laptop.boot(t);
  await laptop.capture(t);
  const table = (await laptop.run('nft', ['list', 'ruleset'])).stdout;
  const port = Number(/redirect to :(\d+)/.exec(table)?.[1]);
  assert.ok(port > 0);
  assert.equal((await laptop.run(...talk('127.0.0.1', port))).stdout, '');
});

test('the range moves when the host already has a route there (FIELD rule 5)', async (t) => {
  const laptop = await Laptop.boot(t, {
    setUp: 'ip link add vpn0 type bridge; ip link set vpn0 up; ip route add 100.100.0.0/16 dev vpn0',
  });
  const capturing = await laptop.capture(t);
  assert.deepEqual(capturing.ready['range'], { base: 0x64500000, prefix: 12 });
  assert.equal(
    (await laptop.run(...talk('wiki.acme.internal', 80))).stdout,
    'wiki.acme.internal:80\nhello\n',
  );
});

test('a killed client leaves nothing behind for longer than 2 s where there is no routing by suffix', async (t) => {
  const laptop = await Laptop.boot(t);
  const before = await laptop.fingerprint();
  const capturing = await laptop.capture(t);
  assert.notEqual(await laptop.fingerprint(), before);
  await capturing.kill();
  await waitFor(
    'resolv.conf, rules and routes as before',
    async () => (await laptop.fingerprint()) === before,
    2_000,
  );
});

test('what even the watchdog could not undo is undone by the next start (FIELD rule 3)', async (t) => {
  const laptop = await Laptop.boot(t);
  const before = await laptop.fingerprint();
  const first = await laptop.capture(t);
  const shells = (await laptop.run('pgrep', ['-f', `postern-watchdog.*${laptop.folder}`])).stdout
    .trim()
    .split('\n');
  assert.equal(shells.length, 1);
  // Stopped first, so that neither can act on the other's end.
  process.kill(Number(first.ready['pid']), 'SIGSTOP');
  process.kill(Number(shells[0]), 'SIGKILL');
  await first.kill();
  assert.notEqual(await laptop.fingerprint(), before);
  const second = await laptop.capture(t);
  assert.equal(
    (await laptop.run(...talk('wiki.acme.internal', 80))).stdout,
    'wiki.acme.internal:80\nhello\n',
  );
  await second.stop();
  assert.equal(await laptop.fingerprint(), before);
});

test('a watchdog that somebody ended is replaced', async (t) => {
  const laptop = await Laptop.boot(t);
  const before = await laptop.fingerprint();
  const capturing = await laptop.capture(t);
  const shells = async (): Promise<string> =>
    (await laptop.run('pgrep', ['-f', `postern-watchdog.*${laptop.folder}`])).stdout.trim();
  const old = await shells();
  process.kill(Number(old), 'SIGKILL');
  await waitFor('another watchdog', async () => ![old, ''].includes(await shells()), patienceMs);
  await capturing.kill();
  await waitFor('the system as before', async () => (await laptop.fingerprint()) === before, patienceMs);
});

test('a resolv.conf that somebody else changed meanwhile is not overwritten (FIELD rule 3)', async (t) => {
  const laptop = await Laptop.boot(t);
  const capturing = await laptop.capture(t);
  assert.match(laptop.resolvConf(), /^nameserver 100\.96\.0\.53$/m);
  assert.match(laptop.resolvConf(), /^search acme\.example$/m);
  writeFileSync(laptop.resolvConfFile, 'nameserver 192.0.2.53\n');
  assert.equal((await capturing.stop())['resolvConf'], 'kept');
  assert.equal(laptop.resolvConf(), 'nameserver 192.0.2.53\n');
});

test('in a container, where resolv.conf is a mount of its own, it is written in place and given back', async (t) => {
  const laptop = await Laptop.boot(t, { setUp: 'mount --bind /etc/resolv.conf /etc/resolv.conf' });
  const before = laptop.resolvConf();
  const capturing = await laptop.capture(t);
  assert.match(laptop.resolvConf(), /^nameserver 100\.96\.0\.53$/m);
  assert.equal((await capturing.stop())['resolvConf'], 'restored');
  assert.equal(laptop.resolvConf(), before);
});

test('a name keeps its synthetic address when the client starts again (FIELD rule 7)', async (t) => {
  const laptop = await Laptop.boot(t);
  const addressOf = async (): Promise<string> =>
    (await laptop.run('getent', ['ahostsv4', 'db1.db.acme.internal'])).stdout.split(' ')[0] ?? '';
  const first = await laptop.capture(t);
  const before = await addressOf();
  assert.match(before, /^100\.96\./);
  await laptop.run('getent', ['ahostsv4', 'wiki.acme.internal']);
  await first.stop();
  const second = await laptop.capture(t);
  await laptop.run('getent', ['ahostsv4', 'wiki.acme.internal']);
  assert.equal(await addressOf(), before);
  await second.stop();
});
