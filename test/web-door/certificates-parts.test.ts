/** The parts of certificates that need no CA: what a validation is answered with, and who is told a key. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext } from 'node:tls';
import { after, test } from 'node:test';
import { permitDirectory, sendToDirectory } from '../../connector/web/certificates/acme-http.ts';
import { answerPeer } from '../../connector/web/certificates/answer-peer.ts';
import { peersThroughRelays } from '../../connector/web/certificates/ask-peers.ts';
import { answerValidation } from '../../connector/web/certificates/answer-validation.ts';
import { Certificates } from '../../connector/web/certificates/certificates.ts';
import { challengeCertificate } from '../../connector/web/certificates/challenge-certificate.ts';
import { Challenges } from '../../connector/web/certificates/challenges.ts';
import { OrderQuota } from '../../connector/web/certificates/order-quota.ts';
import {
  encodeQuestion,
  mostAnswerBytes,
  type PeerAnswer,
} from '../../connector/web/certificates/peer-messages.ts';
import { usableCertificate } from '../../connector/web/certificates/usable-certificate.ts';
import type { FromNode } from '../../protocol/control.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { encodeKey } from '../../protocol/keys.ts';
import { ConnectorBench, outcome, removeBenches } from '../connector/support/connector-bench.ts';
import { createAuthority } from '../support/authority.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

after(removeBenches);

const wiki = 'wiki.acme.example';
const digest = createHash('sha256').update('token.thumbprint').digest();

function challenges(clock = new VirtualClock()): { challenges: Challenges; sent: FromNode[] } {
  const sent: FromNode[] = [];
  const made = new Challenges({
    send: (message) => sent.push(message) > 0,
    serves: (host) => host.endsWith('acme.example'),
    clock,
    nowMs: Date.now,
  });
  return { challenges: made, sent };
}

test('the answer to a validation is for one name, self-signed, and has the digest as RFC 8737 wants it', () => {
  const { cert, key } = challengeCertificate(wiki, digest, Date.now());
  const certificate = new X509Certificate(cert);
  assert.equal(certificate.subjectAltName, `DNS:${wiki}`);
  assert.ok(certificate.verify(certificate.publicKey));
  // Critical, type 1.3.6.1.5.5.7.1.31, an octet string in an octet string.
  const extension = Buffer.concat([Buffer.from('06082b0601050507011f0101ff04220420', 'hex'), digest]);
  assert.ok(certificate.raw.includes(extension));
  createSecureContext({ cert, key });
});

test('a validation is answered by its protocol alone; a browser of the same name finds its connection untouched', async () => {
  const context = createSecureContext(challengeCertificate(wiki, digest, Date.now()));
  const [browser, toBrowser] = duplexPair();
  const hello = connect({ socket: browser, servername: wiki, ALPNProtocols: ['h2', 'http/1.1'] });
  hello.on('error', () => undefined);
  assert.equal(await answerValidation(toBrowser, context, systemClock), false);
  const first = toBrowser.read() as Buffer;
  assert.equal(first[0], 22, 'the hello is still there');
  hello.destroy();

  const [ca, toCa] = duplexPair();
  const socket = connect({
    socket: ca,
    servername: wiki,
    ALPNProtocols: ['acme-tls/1'],
    rejectUnauthorized: false,
  });
  assert.equal(await answerValidation(toCa, context, systemClock), true);
  await once(socket, 'secureConnect');
  assert.equal(socket.alpnProtocol, 'acme-tls/1');
  assert.equal(socket.getPeerX509Certificate()?.subjectAltName, `DNS:${wiki}`);
  socket.resume();
  await once(socket, 'end');
  socket.destroy();
});

test('a validation is answered for ten minutes, for own names only, and the CA is sent here once all connectors know', async () => {
  const clock = new VirtualClock();
  const { challenges: known, sent } = challenges(clock);
  const text = digest.toString('base64url');
  const published = known.publish(wiki, text);
  assert.deepEqual(sent, [{ t: 'cert', host: wiki, digest: text }]);
  let isTold = false;
  void published.then(() => {
    isTold = true;
  });
  await Promise.resolve();
  assert.equal(isTold, false);
  known.receive(wiki, text);
  await published;
  known.receive('evil.example', text);
  assert.equal(known.contextFor('evil.example'), undefined);
  assert.notEqual(known.contextFor(wiki), undefined);
  clock.advance(600_001);
  assert.equal(known.contextFor(wiki), undefined);
  // A controller that does not answer holds nothing up for long.
  const again = known.publish(wiki, text);
  clock.advance(3_001);
  await again;
});

test('a device that asks for a key is refused and recorded, a connector of the network is answered', async (t) => {
  const bench = new ConnectorBench();
  await bench.start();
  t.after(() => bench.close());
  let isPeer = false;
  bench.peer = (stream, payload) =>
    answerPeer(stream, payload, {
      isPeer,
      certificateFor: (name) =>
        name === wiki ? { state: 'has', pair: { cert: 'the certificate', key: 'the key' } } : undefined,
    });
  const { session } = await bench.dial([await bench.grant()]);
  assert.equal(await outcome(session, encodeQuestion(wiki)), 'denied');
  assert.equal(bench.records().at(-1)?.code, 'denied');
  isPeer = true;
  assert.equal(await outcome(session, encodeQuestion('other.acme.example')), 'denied');
  const stream = session.openStream(encodeQuestion(wiki));
  stream.end();
  const answer = Buffer.concat((await stream.toArray()) as Buffer[]).toString();
  assert.deepEqual(JSON.parse(answer), { cert: 'the certificate', key: 'the key' });
});

test('an answer that is too long is none', () => {
  const answered = answerPeer({} as never, encodeQuestion(wiki), {
    isPeer: true,
    certificateFor: () => ({ state: 'has', pair: { cert: 'c'.repeat(mostAnswerBytes), key: '' } }),
  });
  assert.equal(answered, false);
});

test('a pair is used for the very name in it, with its own key', () => {
  const pair = challengeCertificate(wiki, digest, Date.now());
  const other = challengeCertificate(wiki, digest, Date.now());
  assert.notEqual(usableCertificate(pair, wiki, 0), undefined);
  for (const name of ['git.acme.example', '*.acme.example', 'acme.example', 'iki.acme.example'])
    assert.equal(usableCertificate(pair, name, 0), undefined);
  assert.equal(usableCertificate({ cert: pair.cert, key: other.key }, wiki, 0), undefined);
  assert.equal(usableCertificate({ cert: 'none', key: '' }, wiki, 0), undefined);
});

test('twenty orders fit into an hour, whenever it began', () => {
  const quota = new OrderQuota();
  for (let order = 0; order < 20; order++) assert.equal(quota.take(order * 60_000), undefined);
  assert.equal(quota.take(1_200_000), 3_600_000);
  assert.equal(quota.take(3_599_999), 3_600_000);
  assert.equal(quota.take(3_600_000), undefined);
  assert.equal(quota.take(3_600_001), 3_660_000);
  assert.equal(
    new OrderQuota(quota.ordered).take(0),
    3_660_000,
    'a clock that was set back lets none through',
  );
});

test('a name that is not served has no certificate from any source, and none is ordered', async () => {
  const asked: string[] = [];
  const source = {
    contextFor: (name: string) => {
      asked.push(name);
      return Promise.resolve(undefined);
    },
  };
  const certificates = new Certificates({
    files: undefined,
    acme: source as never,
    builtIn: source as never,
    nowMs: Date.now,
    served: () => undefined,
  });
  assert.equal(await certificates.contextFor('x.other.example'), undefined);
  assert.equal(certificates.answer('x.other.example', Buffer.alloc(32)), undefined);
  assert.deepEqual(asked, []);
});

test('orders go to the address of the directory alone, are not redirected, and are not drowned', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authority = createAuthority(folder);
  const { certFile, keyFile } = authority.issue(['localhost']);
  const asked: string[] = [];
  const server = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile) },
    (request, answer) => {
      asked.push(request.url ?? '');
      if (request.url === '/far') return answer.writeHead(302, { location: '/near' }).end();
      return answer.end(Buffer.alloc(request.url === '/long' ? 1_048_577 : 10, 'a'));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const directory = new URL(`https://localhost:${port}/dir`);
  const ask = (path: string, url = new URL(path, directory)): Promise<object> =>
    sendToDirectory({ url: url.href, headers: { toJSON: () => ({}) } });
  await assert.rejects(ask('/dir'), /which is not its own address/);
  permitDirectory(directory, undefined);
  await assert.rejects(ask('/dir'), { kind: 'unreachable' }, 'nobody vouches for its authority');
  permitDirectory(directory, readFileSync(authority.caFile, 'utf8'));
  assert.equal(((await ask('/dir')) as { data: string }).data, 'a'.repeat(10));
  assert.equal(((await ask('/far')) as { status: number }).status, 302);
  await assert.rejects(ask('/long'), /it says too much/);
  await assert.rejects(ask('', new URL(`https://127.0.0.1:${port}/`)), /which is not its own address/);
  assert.deepEqual(asked, ['/dir', '/far', '/long']);
});

test('hundreds of names are asked for over one session; what is no answer, or too long, is left aside', async (t) => {
  const bench = new ConnectorBench();
  await bench.start();
  t.after(() => bench.close());
  const pair = { cert: 'the certificate', key: 'the key' };
  const answers: Record<string, PeerAnswer> = {
    'has.acme.example': { state: 'has', pair },
    'wait.acme.example': { state: 'wait' },
    'long.acme.example': { state: 'has', pair: { cert: 'c'.repeat(mostAnswerBytes), key: '' } },
  };
  bench.peer = (stream, payload, key) => {
    assert.deepEqual(key, bench.device.publicKey);
    if (JSON.stringify(payload).includes('wrong')) {
      stream.accept();
      stream.end('{');
      return true;
    }
    return answerPeer(stream, payload, {
      isPeer: true,
      certificateFor: (name) => answers[name] ?? { state: 'none' },
    });
  };
  const carriers = memoryCarriers();
  void bench.accept(carriers.right).then((session) => bench.sessions.push(session));
  const peers = peersThroughRelays({
    own: bench.device,
    network: () => bench.network,
    peers: () => [{ id: newId('con', systemRandom(16)), nk: encodeKey(bench.key.publicKey) }],
    circuits: () => [
      () => {
        throw new Fault('limit');
      },
      () => carriers.left,
    ],
    isAttached: () => true,
    clock: systemClock,
    random: systemRandom,
  });
  const many = Array.from({ length: 600 }, (_, index) => `n${index}.acme.example`);
  const said = await peers.ask([...Object.keys(answers), 'wrong.acme.example', ...many]);
  assert.deepEqual(said.get('has.acme.example'), [{ state: 'has', pair }]);
  assert.deepEqual(said.get('wait.acme.example'), [{ state: 'wait' }]);
  assert.deepEqual(said.get('long.acme.example'), []);
  assert.deepEqual(said.get('wrong.acme.example'), []);
  assert.ok(many.every((name) => said.get(name)?.[0]?.state === 'none'));
  assert.equal(bench.served, 1);
});
