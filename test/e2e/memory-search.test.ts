/** The control test of the search for markers in memory: it finds what a process holds, in every form, and only that. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { searchMemory } from '../support/memory-search.ts';

/** Reads lines `FORM HEX` and keeps each marker in that form only, and in no other, as far as that can be done. */
const holder = `
  const kept = [];
  process.stdin.on('data', (all) => {
    for (const line of all.toString().trim().split('\\n')) {
      const [form, scrambled] = line.split(' ');
      const bytes = Buffer.from(scrambled, 'hex').map((byte) => byte ^ 0x5a);
      const copy = Buffer.alloc(1 << 16);
      if (form === 'bytes') bytes.copy(copy, 100);
      if (form === 'hex') copy.write(bytes.toString('hex'), 100);
      if (form === 'HEX') copy.write(bytes.toString('hex').toUpperCase(), 100);
      if (form === 'base64') copy.write(Buffer.concat([Buffer.from('{"x":"'), bytes]).toString('base64'), 100);
      if (form === 'base64url') copy.write(Buffer.concat([Buffer.from('{"a":"'), bytes, Buffer.from('"}')]).toString('base64url'), 100);
      if (form === 'hex-in-base64') copy.write(Buffer.from('{"ab":"' + bytes.toString('hex') + '"}').toString('base64url'), 100);
      bytes.fill(0);
      kept.push(copy);
    }
    console.log('kept');
  });
`;

test('the search finds a marker in every form in which a process may hold it, and no other marker', async () => {
  const forms = ['bytes', 'hex', 'HEX', 'base64', 'base64url', 'hex-in-base64'];
  const markers = forms.map((name) => ({ name, bytes: randomBytes(32) }));
  const child = spawn(process.execPath, ['-e', holder], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const scrambled = markers.map(
      ({ name, bytes }) => `${name} ${Buffer.from(bytes.map((byte) => byte ^ 0x5a)).toString('hex')}\n`,
    );
    child.stdin.write(scrambled.join(''));
    await once(child.stdout, 'data');
    const others = [{ name: 'never sent', bytes: randomBytes(32) }];
    const found = await searchMemory(child.pid ?? -1, [...markers, ...others]);
    assert.deepEqual([...found].sort(), forms.sort());
  } finally {
    child.kill('SIGKILL');
  }
});
