/** `postern completion`: what shells offer, by the scripts as shells run them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { tokenRoles } from '../../protocol/roles.ts';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { complete, type CommandTree } from '../../cli/completion.ts';

const launcher = join(import.meta.dirname, '../../bin/postern');
const folder = mkdtempSync(join(tmpdir(), 'postern-completion-'));
symlinkSync(launcher, join(folder, 'postern'));
after(() => rmSync(folder, { recursive: true }));

const tree: CommandTree = {
  names: ['why', 'token', 'open'],
  async load(name, into: Command) {
    if (name === 'why') into.command('why <resource>').option('--json').option('--user <email>');
    if (name !== 'token') return;
    const token = into.command('token');
    token.command('create').option('--role <role>').argument('<name>');
    token.command('secret', { hidden: true });
  },
};
const resources = async (): Promise<string[]> => ['wiki', 'wiki.acme.internal', 'bastion'];

test('words fit their place: commands, options, values, and resources where one is meant', async () => {
  const offered = async (...words: string[]): Promise<string> =>
    (await complete(tree, words, resources)).join(' ');
  assert.equal(await offered(''), 'why token open');
  assert.equal(await offered('t'), 'token');
  assert.equal(await offered('token', ''), 'create help');
  assert.equal(await offered('token', 'create', '--'), '--role --help');
  // The value of an option is nobody's to guess, and is no argument either.
  assert.equal(await offered('token', 'create', '--role', ''), '');
  assert.equal(await offered('token', 'create', ''), '');
  assert.equal(await offered('why', 'w'), 'wiki wiki.acme.internal');
  assert.equal(await offered('why', '--json', 'b'), 'bastion');
  assert.equal(await offered('why', '--user', 'b'), '');
  assert.equal(await offered('why', 'wiki', ''), '');
  assert.equal(await offered('nonsense', ''), '');
});

const shown = {
  bash: [
    'bash',
    '-c',
    'source <(postern completion bash); COMP_WORDS=(postern token create --role ""); COMP_CWORD=4; _postern; printf "%s\\n" "${COMPREPLY[@]}"',
  ],
  zsh: [
    'zsh',
    '-fc',
    'compdef() { : }; compadd() { shift; print -l -- "$@" }; source <(postern completion zsh); words=(postern token create --role ""); CURRENT=5; _postern',
  ],
  fish: ['fish', '-c', 'postern completion fish | source; complete -C "postern token create --role "'],
} as const;

for (const [shell, [program, ...words]] of Object.entries(shown)) {
  test(`${shell} offers the roles of a token, and nothing else`, async () => {
    const PATH = [folder, process.env['PATH']].join(delimiter);
    const env = { ...process.env, HOME: folder, PATH };
    const { stdout } = await promisify(execFile)(program, words, { env });
    assert.deepEqual(new Set(stdout.trim().split('\n')), new Set<string>(tokenRoles));
  });
}
