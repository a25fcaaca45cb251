/** `postern forward` through a running client: a flow that is cut is a reset with its reason, never a clean end (T1). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveWiki, startLaptop } from '../client/support/laptop.ts';
import { SmallOrganisation } from '../client/support/small-organisation.ts';
import { until } from '../support/until.ts';

test('a right taken away resets what forward carries, says why and is the exit code; a clean end stays clean', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  await serveWiki(organisation, (socket) =>
    socket.on('data', (bytes) => (String(bytes) === 'bye' ? socket.end('bye') : socket.write(bytes))),
  );
  const state = organisation.state('laptop');
  await startLaptop(organisation, { state, uids: [] });

  for (const how of ['clean', 'cut'] as const) {
    const words = [
      'forward',
      'wiki.acme.internal',
      String(organisation.wikiPort),
      '--state',
      state.path,
      '--json',
    ];
    const launcher = join(import.meta.dirname, '../../bin/postern');
    const forward = spawn(process.execPath, [launcher, ...words], { stdio: 'pipe' });
    t.after(() => forward.kill('SIGKILL'));
    let said = '';
    forward.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [line] = (await once(forward.stdout, 'data')) as [Buffer];
    const { address } = JSON.parse(String(line)) as { address: string };
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    let ending = '';
    socket.on('end', () => (ending ||= 'end'));
    socket.on('error', (error: NodeJS.ErrnoException) => (ending ||= error.code ?? 'error'));
    socket.write('word');
    assert.equal(String(((await once(socket, 'data')) as [Buffer])[0]), 'word');
    if (how === 'clean') {
      socket.end('bye');
      await until(() => ending !== '');
      assert.equal(ending, 'end');
    } else {
      await organisation.takeAway(organisation.wiki, 'policy-removed');
      await until(() => ending !== '');
      assert.equal(ending, 'ECONNRESET');
      await until(() => said.includes('! wiki.acme.internal'));
      assert.match(said, /taken away/);
    }
    forward.kill('SIGINT');
    const [code] = (await once(forward, 'exit')) as [number];
    assert.equal(code, how === 'clean' ? 0 : 4, said);
  }
});
