/** `postern up` beside Debian's own systemd-resolved: what is routed to us, what is not, and what a crash leaves. Needs root. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ClientStatus } from '../../client/status.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import { Laptop } from '../client/system/laptop.ts';
import { down, postern, RealUp, startWorld, type World } from '../client/system/real-up.ts';
import { eventually } from '../support/eventually.ts';

const granted = 'wiki.acme.internal';
const missing = 'nobody.acme.internal';
const foreign = 'www.example.com';

async function start(t: TestContext): Promise<{ laptop: Laptop; world: World; before: string }> {
  const laptop = await Laptop.boot(t, { resolved: true });
  const world = await startWorld(t, laptop);
  return { laptop, world, before: await fingerprint(laptop) };
}

/** What the laptop's system holds, and what its resolved was told. */
async function fingerprint(laptop: Laptop): Promise<string> {
  const told = await Promise.all(
    ['dns', 'domain', 'default-route'].map((what) => laptop.run('resolvectl', [what])),
  );
  return `${await laptop.fingerprint()}${told.map(({ stdout }) => stdout).join('')}`;
}

/** The first address that glibc gives for a name, through resolv.conf and the stub; empty when there is none. */
async function byGlibc(laptop: Laptop, name: string): Promise<string> {
  return (await laptop.run('getent', ['ahostsv4', name])).stdout.split(/\s/)[0] ?? '';
}

/** The same through resolved's bus, as nss-resolve asks. */
async function byBus(laptop: Laptop, name: string): Promise<string> {
  const { code, stdout } = await laptop.run('resolvectl', ['query', '--legend=no', '-4', name]);
  return code === 0 ? (/: (\d+\.\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '') : '';
}

function protectedNames(asked: readonly string[]): string[] {
  return asked.filter((name) => name.includes('acme.internal') && name !== 'relay.acme.internal');
}

test('only the zones, and what lies below a wildcard hostname, are asked of Postern, by the bus and by glibc; every other name goes where it went (FIELD rule 2)', async (t) => {
  const { laptop, world, before } = await start(t);
  const up = new RealUp(t, laptop, world.key);
  await up.ready();
  assert.match(up.said, /✓ DNS: systemd-resolved, 1 zone \(~acme\.internal\)/);
  for (const ask of [byGlibc, byBus]) {
    assert.match(await ask(laptop, granted), /^100\./, ask.name);
    assert.equal(await ask(laptop, missing), '', ask.name);
    assert.equal(await ask(laptop, foreign), '203.0.113.7', ask.name);
    assert.equal(await ask(laptop, 'www.team.acme.example'), '203.0.113.7', ask.name);
  }
  assert.equal(
    (await laptop.run('curl', ['-s', '--max-time', '5', `http://${granted}/`])).stdout,
    'the wiki',
  );
  const domains = (await laptop.run('resolvectl', ['domain'])).stdout;
  const routed = /\(postern\w{6}\): ([^(]*)/.exec(domains)?.[1]?.trim().split(/\s+/) ?? [];
  assert.deepEqual(
    routed.filter((domain) => !/^~\d+\.100\.in-addr\.arpa$/.test(domain)),
    ['~acme.internal', '~use-application-dns.net', '~team.acme.example'],
  );
  assert.match((await laptop.run('resolvectl', ['default-route'])).stdout, /postern\w+\): no/);
  assert.deepEqual(protectedNames(world.asked), []);
  assert.ok(world.asked.includes(foreign));
  assert.equal(laptop.resolvConf(), 'nameserver 127.0.0.53\n');
  const { stdout } = await down(laptop);
  assert.match(stdout, /given back/);
  assert.equal(await up.ended(), 0);
  assert.equal(await fingerprint(laptop), before);
  assert.equal(await byGlibc(laptop, granted), '203.0.113.7', 'down gives the names back');
});

test('a relay’s own name inside a zone is asked of the network’s resolver, not of resolved again', async (t) => {
  const { laptop, world } = await start(t);
  await new RealUp(t, laptop, world.key).ready();
  assert.equal(await byGlibc(laptop, 'relay.acme.internal'), '203.0.113.7');
  assert.ok(world.asked.includes('relay.acme.internal'));
});

test('after kill -9 the zones stay refused, other names work, and the next start serves again', async (t) => {
  const { laptop, world, before } = await start(t);
  const first = new RealUp(t, laptop, world.key);
  await first.ready();
  assert.match(await byGlibc(laptop, granted), /^100\./);
  await first.kill();
  // From the first moment on, before the watchdog answers too.
  assert.match(await byGlibc(laptop, granted), /^(100\..*)?$/);
  await eventually('a watchdog that refuses', async () => {
    const { stdout } = await laptop.run('dig', ['+time=1', '+tries=1', '@100.96.0.53', granted]);
    return stdout.includes('NXDOMAIN') && stdout.includes('EDE: 22') ? true : undefined;
  });
  for (const ask of [byGlibc, byBus]) {
    assert.equal(await ask(laptop, granted), '', ask.name);
    assert.equal(await ask(laptop, foreign), '203.0.113.7', ask.name);
  }
  assert.equal(((await callLocalApi(laptop.state, 'GET', '/v1/status')) as ClientStatus).state, 'crashed');
  const second = new RealUp(t, laptop, world.key);
  await second.ready();
  assert.match(await byGlibc(laptop, granted), /^100\./);
  assert.equal(
    (await laptop.run('curl', ['-s', '--max-time', '5', `http://${granted}/`])).stdout,
    'the wiki',
  );
  await down(laptop);
  await second.ended();
  assert.equal(await fingerprint(laptop), before);
  assert.deepEqual(protectedNames(world.asked), []);
});

test('`dns reset` gives the names back after a crash', async (t) => {
  const { laptop, world, before } = await start(t);
  const up = new RealUp(t, laptop, world.key);
  await up.ready();
  await up.kill();
  const reset = await laptop.run(postern, ['dns', 'reset', '--state', laptop.state, '--json']);
  assert.deepEqual(
    [reset.stderr, JSON.parse(reset.stdout)],
    ['', { schema: 'postern.dns-reset/v1', dns: 'untouched' }],
  );
  await eventually('the system as before', async () =>
    (await fingerprint(laptop)) === before ? true : undefined,
  );
  assert.equal(await byGlibc(laptop, granted), '203.0.113.7');
});

test('where resolv.conf is resolved’s stub and resolved cannot be told, `up` refuses and changes nothing', async (t) => {
  const { laptop, world, before } = await start(t);
  for (const [what, args] of [
    ['the bus is gone', ['rm', '/run/dbus/system_bus_socket']],
    ['resolved is gone', ['rm', '-r', '/run/systemd/resolve']],
  ] as const) {
    await laptop.run(args[0], args.slice(1));
    const up = new RealUp(t, laptop, world.key);
    assert.equal(await up.ended(), 10, `${what}: ${up.said}`);
    assert.match(up.said, /resolv\.conf points to systemd-resolved, which cannot be told/);
    assert.match(up.said, /Run: sudo systemctl restart dbus systemd-resolved && sudo postern up/);
    assert.ok(before.startsWith(await laptop.fingerprint()), what);
    assert.equal(laptop.resolvConf(), 'nameserver 127.0.0.53\n');
  }
  assert.equal(await byGlibc(laptop, foreign), '203.0.113.7', 'what worked before works still');
});
