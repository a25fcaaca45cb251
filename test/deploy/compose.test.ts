/** The compose files against what the programs accept: every command line, port, volume, user and health check in them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Command } from 'commander';
import { parse } from 'yaml';
import { connectorCommand } from '../../cli/connector.ts';
import { controllerCommand } from '../../cli/controller.ts';
import { relayCommand } from '../../cli/relay.ts';
import { isInNetworks, parseIpNetwork } from '../../policy/ip-network.ts';

interface Service {
  image?: string;
  build?: string;
  user: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  tmpfs: string[];
  command: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes: string[];
  networks?: readonly string[] & { entrance?: { ipv4_address: string } };
  secrets?: string[];
  healthcheck: { test: string[] };
}

interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, null>;
  networks?: Record<string, { ipam?: { config: { subnet: string }[] } } | null>;
  secrets: Record<string, { file: string }>;
}

const root = join(import.meta.dirname, '../..');
const variables: Record<string, string> = {
  POSTERN_PUBLIC_URL: 'https://access.acme.example:8443',
  POSTERN_RELAY_URL: 'https://relay.acme.example:8444',
};

/** The file with its variables filled in as an engine does. */
function read(file: string): ComposeFile {
  const filled = (text: string): string =>
    text.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_all, name: string, kind?: string, rest?: string) => {
      if (kind === '-') return rest ?? '';
      assert.equal(kind, '?', `${name} has neither a default nor a sentence for when it is missing`);
      assert.ok(Object.hasOwn(variables, name), `${name} is known`);
      return variables[name] ?? '';
    });
  const text = readFileSync(join(root, file), 'utf8');
  return parse(text, (_key, value: unknown) => (typeof value === 'string' ? filled(value) : value), {
    merge: true,
  }) as ComposeFile;
}

/** What the command line's own parser makes of `words`; throws what it would print. */
async function parsed(words: readonly string[]): Promise<{ name: string; options: Record<string, unknown> }> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const register of [controllerCommand, relayCommand, connectorCommand]) register(program);
  let taken: { name: string; options: Record<string, unknown> } | undefined;
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    command.action(() => {
      taken = { name: command.name(), options: command.opts() };
    });
  }
  await program.parseAsync(words, { from: 'user' });
  assert.ok(taken !== undefined, `${words.join(' ')} runs a command`);
  return taken;
}

const main = read('docker-compose.yml');
const split = read('deploy/compose.relay.yml');
const all = [
  ...Object.entries(main.services).map(([name, service]) => ({ file: main, name, service })),
  ...Object.entries(split.services)
    .filter(([name]) => !Object.hasOwn(main.services, name))
    .map(([name, service]) => ({ file: split, name, service })),
];

/** Those of our image, not the services that a cluster stands on. */
const ours = all.filter(({ service }) => service.image === 'postern:local');
/** One of several controllers, behind the entrance. */
const isMember = (name: string): boolean => name.startsWith('controller-');

suite('the compose files', () => {
  test('one process is what starts by default, and a relay of its own comes with the second file', async () => {
    const byDefault = Object.entries(main.services).filter(([, service]) => !('profiles' in service));
    assert.deepEqual(
      byDefault.map(([name]) => name),
      ['controller'],
    );
    const alone = await parsed(main.services['controller']?.command ?? []);
    assert.equal(alone.options['roles'], undefined, 'both, where nothing is said');
    const beside = await parsed(split.services['controller']?.command ?? []);
    assert.deepEqual(beside.options['roles'], ['controller']);
    assert.deepEqual(
      { ...alone.options, roles: '' },
      { ...beside.options, roles: '' },
      'nothing else differs',
    );
  });

  for (const { file, name, service } of ours) {
    test(`${name}: its command line parses, its port is the one published, its folder a declared volume`, async () => {
      const { name: command, options } = await parsed(service.command);
      assert.equal(command, name.replace(/-[ab]$/, ''));
      const listen = options['listen'] as { address: string; port: number } | undefined;
      const own = listen === undefined || isMember(name) ? [] : [`${listen.port}:${listen.port}`];
      assert.deepEqual(service.ports ?? [], own);
      const folder = String(options['data'] ?? options['state']);
      const [volume, at] = service.volumes[0]?.split(':') ?? [];
      assert.equal(at, folder);
      assert.ok(Object.hasOwn(file.volumes, volume ?? ''), `the volume ${volume} is declared`);
      const check = service.healthcheck.test;
      assert.deepEqual(check.slice(0, 2), ['CMD', 'node']);
      assert.ok(existsSync(join(root, check[2] ?? '')), 'the health check is a file of the image');
      const asks = listen === undefined ? folder : `https://127.0.0.1:${listen.port}/readyz`;
      assert.equal(check[3], asks);
    });

    test(`${name}: not root, nothing to write but its volume, no capability`, () => {
      assert.equal(service.user, '65532:65532');
      assert.equal(service.read_only, true);
      assert.deepEqual(service.tmpfs, ['/tmp']);
      assert.deepEqual(service.cap_drop, ['ALL']);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
    });

    test(`${name}: secrets come by file, and no key or token stands in the file itself`, () => {
      for (const secret of service.secrets ?? []) {
        assert.ok(Object.hasOwn(file.secrets, secret));
        const path = `/run/secrets/${secret}`;
        const places = [...Object.values(service.environment ?? {}), ...service.command];
        assert.ok(
          places.some((place) => place === path || place.endsWith(`-file=${path}`)),
          `${secret} is read`,
        );
      }
      assert.ok(!service.command.some((word) => /^--(key|token)\b/.test(word)));
      assert.doesNotMatch(JSON.stringify(service), /\b(?:pk|sk|at)_[\w-]{20,}/);
    });
  }

  test('the cluster: controllers that differ in nothing but their volume, behind an entrance that knows each of them', () => {
    const members = ours.filter(({ name }) => isMember(name));
    assert.deepEqual(
      members.map(({ name }) => name),
      ['controller-a', 'controller-b'],
    );
    const alike = members.map(({ service }) => ({ ...service, volumes: [] }));
    assert.deepEqual(alike[0], alike[1]);
    const entrance = readFileSync(join(root, 'deploy/haproxy.cfg'), 'utf8');
    for (const { name } of members) assert.match(entrance, new RegExp(`server \\w+ ${name}:8443\\b`));
    assert.deepEqual(main.services['entrance']?.ports, ['8443:8443']);
    // It says whose a connection is, when it looks for life too, and is believed at its one address.
    assert.match(entrance, /default-server send-proxy-v2 .*\bcheck-send-proxy\b/);
    const { ipv4_address: address } = main.services['entrance']?.networks?.entrance ?? {};
    for (const { service } of members) {
      assert.ok(service.command.includes(`--trust-proxy=${address}/32`));
      assert.deepEqual(service.networks, ['default', 'entrance']);
    }
    const subnet = main.networks?.['entrance']?.ipam?.config[0]?.subnet;
    const network = parseIpNetwork(subnet ?? '');
    assert.ok(!('issue' in network) && isInNetworks(address ?? '', [network]), `${address} in ${subnet}`);
    for (const name of ['entrance', 'postgres', 'redis', ...members.map((member) => member.name)])
      assert.deepEqual(
        (main.services[name] as { profiles?: string[] } | undefined)?.profiles,
        ['cluster'],
        name,
      );
    for (const name of ['postgres', 'redis']) {
      const service = main.services[name];
      assert.equal(service?.ports, undefined, `${name} is for the controllers alone`);
      for (const secret of service?.secrets ?? []) assert.ok(Object.hasOwn(main.secrets, secret));
    }
  });

  test('the parser these tests ask refuses what the program refuses', async () => {
    await assert.rejects(parsed(['relay', '--listen=0.0.0.0:8444', '--state=/data']), /--public-url/);
    await assert.rejects(parsed(['controller', '--data=/data', '--roles=all']), /--roles/);
  });
});
