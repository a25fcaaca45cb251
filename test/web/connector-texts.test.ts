/** The texts that start a connector, held against the image, the compose file and the program's own command line. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Command } from 'commander';
import { parse } from 'yaml';
import { connectorCommand } from '../../cli/connector.ts';
import { connectorText, ways } from '../../web/src/admin/networks/connector-texts.ts';
import {
  byCompose,
  byDocker,
  byKubernetes,
  byShell,
  bySystemd,
  type ComposeService,
} from './support/started-by.ts';

const started = { key: 'pk_abc', image: 'registry.acme.example/postern:0.1.0', isTrial: false };
const root = new URL('../../', import.meta.url);
const file = parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true }) as {
  services: { connector: ComposeService & { cap_drop: string[]; security_opt: string[] } };
};
const ours = file.services.connector;

/** What the command line's own parser makes of the words. */
async function parsed(words: readonly string[]): Promise<Record<string, unknown>> {
  const program = new Command().exitOverride();
  connectorCommand(program);
  let options: Record<string, unknown> | undefined;
  for (const command of program.commands)
    command.exitOverride().action(() => {
      options = command.opts();
    });
  await program.parseAsync(words, { from: 'user' });
  assert.ok(options !== undefined);
  return options;
}

test('every way gives the program its key once, and a folder for its state', async () => {
  const texts = Object.fromEntries(ways.map(({ id }) => [id, connectorText(id, started)]));
  for (const text of Object.values(texts)) assert.equal(text.split('pk_abc').length, 2, text);
  const byWay = {
    shell: byShell(texts['shell'] ?? ''),
    docker: byDocker(texts['docker'] ?? ''),
    compose: byCompose(texts['compose'] ?? ''),
    systemd: bySystemd(texts['systemd'] ?? '', '/run/credentials/it', '/var/lib'),
    kubernetes: byKubernetes(texts['kubernetes'] ?? ''),
  };
  const seen: Record<string, unknown> = {};
  for (const [way, { words, environment }] of Object.entries(byWay)) {
    const { key, keyFile, state } = await parsed(words);
    seen[way] = { key, keyFile, state, ...environment };
  }
  const keyIn = { key: undefined, keyFile: undefined, POSTERN_KEY: 'pk_abc' };
  assert.deepEqual(seen, {
    shell: { key: 'pk_abc', keyFile: undefined, state: '/var/lib/postern' },
    docker: { ...keyIn, state: '/data' },
    compose: { ...keyIn, state: '/data' },
    // Below the folder that systemd makes, which is a link.
    systemd: {
      key: undefined,
      keyFile: '/run/credentials/it/key',
      state: '/var/lib/postern-connector/state',
    },
    // Below the volume, which belongs to root.
    kubernetes: { ...keyIn, state: '/data/state' },
  });
  assert.equal(byWay.systemd.key, 'pk_abc');
});

test('containers are as the compose file of this repository runs them', () => {
  const { service } = byCompose(connectorText('compose', started));
  const { build: _build, profiles: _profiles, secrets: _secrets, ...expected } = ours;
  assert.deepEqual(service, {
    ...expected,
    image: started.image,
    environment: { POSTERN_KEY: 'pk_abc' },
    volumes: ['postern-connector:/data'],
    stop_grace_period: '40s',
  });
  const docker = byDocker(connectorText('docker', started));
  assert.equal(docker.image, started.image);
  for (const option of [
    '--init',
    '--read-only',
    '--tmpfs /tmp',
    ...ours.cap_drop.map((each) => `--cap-drop ${each}`),
    ...ours.security_opt.map((each) => `--security-opt ${each}`),
    '--restart unless-stopped',
    '-v postern-connector:/data',
  ])
    assert.ok(docker.options.includes(option), option);
  assert.ok(!docker.options.some((option) => option.startsWith('--network')));

  const { documents } = byKubernetes(connectorText('kubernetes', started));
  assert.deepEqual(
    documents.map(({ kind }) => kind),
    ['Secret', 'StatefulSet'],
  );
  const text = JSON.stringify(documents[1]);
  assert.match(text, /"runAsUser":65532/);
  assert.equal(ours['user'], '65532:65532');
  assert.match(text, new RegExp(`"image":"${started.image}"`));
});

test('on a trial, whose controller listens on its own machine alone, containers share its network', () => {
  const trial = { ...started, isTrial: true };
  assert.ok(byDocker(connectorText('docker', trial)).options.includes('--network host'));
  assert.equal(byCompose(connectorText('compose', trial)).service['network_mode'], 'host');
});
