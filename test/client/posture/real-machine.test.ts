/** The collectors on the machine that runs the tests, held against what its own tools say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { test } from 'node:test';
import { collectFacts, collectorsOf } from '../../../client/posture/collect.ts';
import { linux } from '../../../client/posture/linux/linux.ts';
import { machineAt, runProgram } from '../../../client/posture/machine.ts';
import { postureChecks } from '../../../protocol/posture.ts';

const everything = {
  checks: postureChecks.map((check) => ({ check, resources: [], count: 0 })),
  processes: ['node', 'no-such-program'],
  files: ['/etc/passwd', '/no/such/file'],
};

test('every collector ends on this machine, and what is known agrees with the tools of the system', async () => {
  assert.equal(collectorsOf('linux'), linux);
  const facts = await collectFacts(linux, machineAt('', [process.getuid?.() ?? 0]), everything);
  assert.equal(facts.os, 'linux');
  assert.equal(facts.osVersion, release());
  const id = /^ID="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  assert.equal(facts.distributionId, id);
  assert.deepEqual(facts.files, [
    { path: '/etc/passwd', present: true },
    { path: '/no/such/file', present: false },
  ]);
  assert.deepEqual(facts.processes?.at(1), { name: 'no-such-program', running: false });
  assert.equal(facts.processes?.at(0)?.running, true);
  // lsblk walks the same stack of devices by other means.
  const source = execFileSync('findmnt', ['-no', 'SOURCE', '/'], { encoding: 'utf8' }).trim();
  if (source.startsWith('/dev/') && facts.diskEncryption !== undefined) {
    const types = execFileSync('lsblk', ['-snro', 'TYPE', source], { encoding: 'utf8' }).split('\n');
    if (facts.diskEncryption) assert.ok(types.includes('crypt'));
    else assert.ok(source !== '' && !types.every((type) => type === 'crypt'));
  }
});

test('a program that hangs, fails, prints without end or is not there is given up, and no text is a shell', async () => {
  assert.equal(await runProgram('no-such-program', []), undefined);
  assert.deepEqual(await runProgram('false', []), { out: '', err: '', code: 1 });
  assert.equal(await runProgram('yes', []), undefined);
  assert.deepEqual(await runProgram('echo', ['$HOME; id']), { out: '$HOME; id\n', err: '', code: 0 });
  const seen = await runProgram('env', []);
  assert.match(seen?.out ?? '', /^PATH=\/usr\/sbin:\/usr\/bin/m);
  assert.equal(seen?.out.includes('POSTERN'), false);
});

test('a collector that throws leaves its own fact unknown and no other', async () => {
  const facts = await collectFacts(
    {
      ...linux,
      checks: {
        ...linux.checks,
        firewall: () => Promise.reject(new Error('broken')),
        secureBoot: () => {
          throw new Error('broken');
        },
      },
    },
    machineAt('', []),
    everything,
  );
  assert.equal(facts.firewall, undefined);
  assert.equal(facts.secureBoot, undefined);
  assert.ok(facts.files !== undefined && facts.osVersion !== undefined);
});
