/** The small rules of the pages: codes as people type them, commands by port, names that others chose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCode, typedCode } from '../../web/src/pages/code-entry.ts';
import { suggestCommands } from '../../web/src/pages/commands.ts';
import { foreignText } from '../../web/src/ui/foreign-text.ts';

test('a code is taken in any case, with any separator, and without what cannot belong to it', () => {
  for (const text of ['HXTR-MFST', 'hxtrmfst', ' hx tr – mf.st ', 'HXTR—MFST', 'hxtr_mfst']) {
    assert.deepEqual(typedCode(text), { code: 'HXTRMFST', dropped: false }, text);
  }
  assert.deepEqual(typedCode('HXETR9-MFST'), { code: 'HXTRMFST', dropped: true });
  assert.deepEqual(typedCode('HXTRMFSTBCD'), { code: 'HXTRMFST', dropped: false });
  assert.equal(formatCode('HXTRMFST'), 'HXTR-MFST');
  assert.equal(formatCode('HXTR'), 'HXTR');
});

test('each port suggests the command people use for it; a wildcard leaves the name to be filled in', () => {
  const commands = (hosts: string[], ports: string[]) =>
    suggestCommands(hosts, ports).map(({ command }) => command);
  assert.deepEqual(commands(['bastion.acme.internal'], ['tcp/22']), ['ssh bastion.acme.internal']);
  assert.deepEqual(commands(['*.db.acme.internal'], ['tcp/5432']), ['psql -h NAME.db.acme.internal']);
  assert.deepEqual(commands(['wiki.acme.internal'], ['tcp/80', 'tcp/443']), [
    'curl http://wiki.acme.internal',
    'curl https://wiki.acme.internal',
  ]);
  assert.deepEqual(commands(['x.acme.internal'], ['udp/53', 'tcp/8000-8099']), ['nc x.acme.internal 8000']);
  assert.deepEqual(commands([], ['tcp/22']), []);
  assert.equal(suggestCommands(['*.acme.internal'], ['tcp/443'])[0]?.url, undefined);
});

test('SEC-J7 a foreign name is cut, and what would hide or reorder text is made visible', () => {
  assert.equal(foreignText('laptop'), 'laptop');
  assert.equal(foreignText('x'.repeat(10_000)).length, 120);
  assert.equal(foreignText('a\u202Egnp.exe\u200b\u0000'), 'a\u{fffd}gnp.exe\u{fffd}\u{fffd}');
  assert.equal(foreignText('שרת'), 'שרת');
  assert.equal(foreignText('😀😀😀', 2), '😀…');
});
