/**
 * The control test of the lab: what the other end-to-end tests take for granted is true before Postern runs. The
 * private network cannot be reached from outside, everything else works, and a lab leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { demoDatabase } from '../support/lab/database.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Place } from '../support/lab/place.ts';
import { namespacesOf, processesIn } from '../support/lab/run-registry.ts';

suite('a lab in which nothing of Postern runs', () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab.close());

  test('the laptop has no route to the private network, and a direct connection fails at once', async () => {
    const { code, stderr } = await curl(lab.laptop, `http://${lab.addresses.wiki}/`);
    assert.equal(code, 7);
    assert.match(stderr, /Failed to connect/);
    const routes = await lab.laptop.run('ip', ['route']);
    assert.doesNotMatch(routes.stdout, /10\.20\./);
  });

  test('the laptop cannot resolve a name of the private network, and the public DNS notes who asked', async () => {
    const seen = lab.publicDns.questions().length;
    // A resolver that loses one of its two questions asks again after five seconds.
    const { code } = await curl(lab.laptop, 'http://wiki.acme.internal/', 30);
    assert.equal(code, 6);
    const asked = lab.publicDns.questions().slice(seen);
    const byTheLaptop = asked.filter(({ from }) => from === lab.addresses.laptopNat);
    assert.ok(byTheLaptop.some(({ name, type }) => name === 'wiki.acme.internal' && type === 'A'));
  });

  test('the private network drops what comes from outside, even where a route leads to it', async () => {
    const subnet = lab.addresses.wiki.replace(/\d+$/, '0/24');
    for (const place of [lab.internet, lab.laptopNat])
      await place.run('ip', ['route', 'add', subnet, 'via', lab.addresses.hqNat]);
    for (const place of [lab.internet, lab.laptop])
      for (const target of [lab.addresses.wiki, lab.addresses.hqNat]) {
        const dropped = await droppedAtHq(lab);
        assert.equal((await curl(place, `http://${target}/`)).code, 28, `${place.namespace} to ${target}`);
        assert.ok((await droppedAtHq(lab)) > dropped);
      }
    for (const place of [lab.internet, lab.laptopNat]) await place.run('ip', ['route', 'del', subnet]);
    assert.deepEqual(lab.wiki.requests(), []);
  });

  test('the private network reaches the internet, behind the address of its NAT', async () => {
    const { stdout } = await curl(lab.hq, 'http://www.public.example/whoami');
    assert.match(stdout, new RegExp(`you are ${lab.addresses.hqNat}:`));
  });

  test('the laptop reaches the internet by name, behind the address of its NAT', async () => {
    const { stdout } = await curl(lab.laptop, 'http://www.public.example/whoami');
    assert.match(stdout, new RegExp(`you are ${lab.addresses.laptopNat}:`));
  });

  test('the laptop reaches the addresses where controller, relay and identity provider will be', async () => {
    const { controller, relay, identityProvider } = lab.addresses;
    for (const [name, address] of [
      ['access.acme.example', controller],
      ['relay.acme.example', relay],
      ['idp.acme.example', identityProvider],
    ] as const) {
      const { stdout } = await lab.laptop.run('dig', ['+short', name]);
      assert.equal(stdout.trim(), address);
      // Nothing listens yet: refused at once means that the packets came through both ways.
      const { code, stderr } = await curl(lab.laptop, `http://${name}:8443/`);
      assert.equal(code, 7, stderr);
    }
  });

  test('no place has a way to the host', async () => {
    const { stdout } = await lab.internet.run('ip', ['route', 'get', '192.0.2.1']);
    assert.equal(stdout, '');
    const links = await lab.internet.run('ip', ['-brief', 'link']);
    const names = links.stdout.split('\n').map((line) => line.split(/[\s@]/)[0]);
    assert.deepEqual(new Set(names.filter(Boolean)), new Set(['lo', 'net0', 'laptop', 'hq']));
  });

  test('inside, the web application answers and names both addresses', async () => {
    assert.match((await curl(lab.hq, 'http://wiki.acme.internal/')).stdout, /<title>Acme wiki<\/title>/);
    const { stdout } = await curl(lab.hq, 'http://wiki.acme.internal:8080/whoami');
    assert.equal(stdout.split(', ')[0], `I am ${lab.addresses.wiki}:8080`);
    const echo = await lab.hq.run('curl', ['-s', '--data-binary', '@-', 'http://wiki.acme.internal/echo'], {
      input: 'said once',
    });
    assert.equal(echo.stdout, 'said once');
    const bytes = await lab.hq.run('sh', ['-c', 'curl -s http://wiki.acme.internal/bytes?n=1000001 | wc -c']);
    assert.equal(bytes.stdout.trim(), '1000001');
    assert.equal((await curl(lab.hq, 'http://wiki.acme.internal/stream?every=1&n=3')).stdout, '1\n2\n3\n');
    assert.match(lab.wiki.requests().join('\n'), /^POST \/echo from 10\.20\./m);
  });

  test('inside, the database answers under every name of the wildcard', async () => {
    const { database, user, ships } = demoDatabase;
    for (const host of ['db1.db.acme.internal', 'db2.db.acme.internal']) {
      const { stdout, stderr } = await lab.hq.run('psql', [
        '-At',
        `--host=${host}`,
        `--username=${user}`,
        `--dbname=${database}`,
        '--command=SELECT name, masts FROM ships ORDER BY name',
      ]);
      assert.equal(stdout, ships.map((row) => `${row.join('|')}\n`).join(''), stderr);
    }
  });

  test('inside, the SSH server lets the person in and runs a command on a machine of its own', async () => {
    const ssh = ['-F', lab.bastion.configFile, 'root@bastion.acme.internal', 'hostname'];
    assert.equal((await lab.hq.run('ssh', ssh)).stdout, 'bastion\n');
  });

  test('an answer of the private DNS can be changed while it runs', async () => {
    const ask = async (name: string): Promise<string> =>
      (await lab.hq.run('dig', ['+short', name])).stdout.trim();
    lab.privateDns.set('*.moving.acme.internal', [{ type: 'A', data: '169.254.169.254' }]);
    assert.equal(await ask('any.moving.acme.internal'), '169.254.169.254');
    lab.privateDns.remove('*.moving.acme.internal');
    assert.equal(await ask('any.moving.acme.internal'), '');
  });
});

test('two labs at once reach only their own services, and closing one leaves the other', async () => {
  const [one, other] = await Promise.all([openLab(), openLab()]);
  try {
    assert.notEqual(one.number, other.number);
    const { code } = await curl(one.hq, `http://${other.addresses.wiki}/`);
    assert.equal(code, 7);
    await one.close();
    assert.equal((await curl(other.hq, 'http://wiki.acme.internal/')).code, 0);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});

test('a closed lab leaves no namespace, process or file', async () => {
  const lab = await openLab();
  lab.laptop.spawn('sleep', ['1000']);
  const stubborn = lab.hq.spawn('sh', ['-c', 'trap "" INT TERM; echo deaf; while :; do sleep 1; done']);
  await stubborn.waitFor(/deaf/);
  const left = remainsOf(lab.number, lab.dir);
  assert.ok(left.namespaces.length === 6 && left.processes.length > 8 && left.files.length === 6);
  await lab.close();
  assert.deepEqual(remainsOf(lab.number, lab.dir), nothing);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a process that ends by ${signal} takes its lab with it`, async () => {
    const { child, number, dir } = await labInAnotherProcess();
    const ended = new Promise((resolve) => {
      child.once('exit', (code, by) => resolve(code ?? by));
    });
    child.kill(signal);
    assert.equal(await ended, signal);
    assert.deepEqual(remainsOf(number, dir), nothing);
  });
}

test('the lab of a process that was killed is removed when the next one opens', async () => {
  const { child, number, dir } = await labInAnotherProcess();
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGKILL');
  await ended;
  assert.equal(remainsOf(number, dir).namespaces.length, 6);
  const lab = await openLab();
  try {
    assert.equal(existsSync(dir), false);
    if (lab.number !== number) assert.deepEqual(remainsOf(number, dir), nothing);
  } finally {
    await lab.close();
  }
});

const nothing = { namespaces: [], processes: [], files: [] };

/** What exists of a lab: six namespaces, their processes, four folders in /etc/netns, its folder and its record. */
function remainsOf(number: number, dir: string): Record<keyof typeof nothing, unknown[]> {
  const namespaces = namespacesOf(number);
  const names = existsSync('/etc/netns') ? readdirSync('/etc/netns') : [];
  return {
    namespaces,
    processes: processesIn(namespaces),
    files: [
      ...names.filter((name) => name.startsWith(`postern${number}-`)),
      ...[dir, `/run/postern-lab/${number}`].filter((path) => existsSync(path)),
    ],
  };
}

async function labInAnotherProcess(): Promise<{ child: ChildProcess; number: number; dir: string }> {
  const module = fileURLToPath(new URL('../support/lab/lab.ts', import.meta.url));
  const source = `
    const { openLab } = await import(${JSON.stringify(module)});
    const { number, dir } = await openLab();
    console.log(JSON.stringify({ number, dir }));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout))
    return { child, ...(JSON.parse(line) as { number: number; dir: string }) };
  throw new Error('the other process opened no lab');
}

function curl(place: Place, url: string, limitS = 1): ReturnType<Place['run']> {
  return place.run('curl', ['-sS', '--max-time', String(limitS), url]);
}

/** How many packets the private network's NAT dropped so far. */
async function droppedAtHq(lab: Lab): Promise<number> {
  const { stdout } = await lab.hqNat.run('nft', ['list', 'counter', 'inet', 'nat', 'unasked']);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}
