/**
 * SEC-A8, SEC-G5: every kind of token and key at every place that wants another kind, and every one altered at its own
 * place, at a controller and a relay that run.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac, sign } from 'node:crypto';
import { test } from 'node:test';
import { CompactSign } from 'jose';
import { toBase64Url } from '../../protocol/encoding.ts';
import { codes } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { encodeApiToken, encodeEnrolmentKey } from '../../protocol/secrets.ts';
import { verifyCard, verifyGrant, type TokenSigner } from '../../protocol/tokens.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import type { TestNode } from '../controller/support/node.ts';

const denied = 4_000 + codes.denied;
const verifier = toBase64Url(Buffer.alloc(32, 7));
const challenge = createHash('sha256').update(verifier).digest('base64url');
const addresses = addressesOfLoopback();

interface Place {
  /** The kind that is accepted here. */
  readonly wants: string;
  /** Whether this text is taken for what it is not. */
  readonly accepts: (text: string) => Promise<boolean>;
}

interface World {
  readonly kinds: Record<string, string>;
  readonly places: Record<string, Place>;
  readonly device: TestNode;
  readonly network: NetworkId;
}

/** One of each kind of secret, token and key, all of them good, and every place where one is looked at. */
async function world(controller: StartedController): Promise<World> {
  const { context, attempts } = controller;
  const sole = context.firstOrganisation;
  const connector = controller.node('connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') }, addresses());
  const device = controller.node('device');
  await device.enrol({ secret: await controller.key('service', 'ci') }, addresses());
  await device.until((message) => message.t === 'grants' && message.list.length > 0);
  const { networks } = device.snapshot as Extract<Snapshot, { kind: 'device' }>;
  const network = Object.values(networks).find(({ name }) => name === 'hq')?.id as NetworkId;
  const cookie = await controller.cookie();
  const person = {
    person: (await context.organisation(sole).store.select('people').select('id').execute())[0]?.id,
  };
  const waiting = controller.node('device');
  await waiting.connect(addresses());
  const claim = () => ({ ...waiting.enrolMessage({}), address: addresses() });
  const typed = await attempts.startDeviceCode(sole, claim());
  const link = await attempts.startLoopback(sole, claim(), { port: 40_000, challenge });
  const answered = await attempts.startLoopback(sole, claim(), { port: 40_001, challenge });
  const found = await attempts.findLoopback(answered?.secret ?? '');
  assert.ok(typed && link && answered && found && person.person);
  const authorised = await attempts.authorise(found, {
    person: person.person,
    authMs: Date.now(),
    amr: [],
    address: '127.0.0.1',
  });
  const begun = await controller.ask('GET', '/oidc/corp/start', { from: addresses() });
  const { token: card } = await context.card();
  const grants = device.last('grants')?.list ?? [];
  const nowS = Date.now() / 1_000;
  const expected = { network, nodeKey: device.nodeKey.publicKey };
  const cardHeld = (await context.card()).card;
  const verdicts = await Promise.all(grants.map((each) => verifyGrant(each, cardHeld, expected, nowS)));
  const grant = grants[verdicts.findIndex((each) => each !== undefined)] ?? '';
  const refusedTicket = connector.last('tickets')?.list[0] ?? '';
  const kinds: Record<string, string> = {
    'API token': controller.admin,
    'connector key': await controller.key('connector', 'hq', { uses: 1_000 }),
    'relay key': await controller.key('relay', 'r2', { uses: 1_000 }),
    'service key': await controller.key('service', 'ci'),
    'session cookie': cookie,
    'sign-in cookie':
      /signin=([\w-]{43})/.exec(String(begun.headers['set-cookie']))?.[1] ?? toBase64Url(systemRandom(32)),
    card,
    ticket: device.last('tickets')?.list[0] ?? '',
    "connector's ticket": refusedTicket,
    grant,
    'user code': typed.userCode,
    'link secret': link.secret,
    'login code': authorised?.code ?? '',
    'attempt id': link.attempt,
    'node id': device.id,
    'session id': (device.snapshot as Extract<Snapshot, { kind: 'device' }>).session.id,
    'machine key': toBase64Url(device.machineKey.publicKey),
    'flow record': JSON.stringify({ t: 'receipts', list: [] }),
  };
  const bearer = (path: string) => async (text: string) =>
    (await controller.ask('GET', path, { headers: { authorization: `Bearer ${text}` } })).status === 200;
  const asCookie = (name: string) => async (text: string) =>
    (await controller.ask('GET', '/api/v1/me', { headers: { cookie: `${name}=${text}` } })).status === 200;
  const enrol = (kind: 'device' | 'connector' | 'relay') => async (secret: string) => {
    const node = controller.node(kind);
    await node.connect(addresses());
    node.send(node.enrolMessage({ secret, name: 'x' }));
    await node.until((message) => message.t === 'snapshot' || message.t === 'fault').catch(() => undefined);
    node.close();
    return node.id !== '';
  };
  const lookUp = (field: 'code' | 'secret') => async (text: string) => {
    const fresh = await controller.cookie(`person-${systemRandom(6).toString('hex')}`);
    const answer = await controller.portal(
      fresh,
      'POST',
      'me/logins/look-up',
      { [field]: text },
      addresses(),
    );
    return answer.status === 200 && (JSON.parse(answer.body) as { state: string }).state === 'found';
  };
  const places: Record<string, Place> = {
    'the API': { wants: 'API token', accepts: bearer('/api/v1/networks') },
    'the portal, as bearer': { wants: 'nothing', accepts: bearer('/api/v1/me') },
    'the portal': { wants: 'session cookie', accepts: asCookie('__Host-postern-session') },
    'the portal, under the other name': { wants: 'nothing', accepts: asCookie('__Host-postern-signin') },
    'the portal, without __Host-': { wants: 'nothing', accepts: asCookie('postern-session') },
    'a connector’s enrolment': { wants: 'connector key', accepts: enrol('connector') },
    'a relay’s enrolment': { wants: 'relay key', accepts: enrol('relay') },
    'a device’s enrolment': { wants: 'service key', accepts: enrol('device') },
    'the typed code': { wants: 'user code', accepts: lookUp('code') },
    'the loopback link': { wants: 'link secret', accepts: lookUp('secret') },
    'the relay’s door': {
      wants: 'ticket',
      accepts: async (text) => (await controller.attach(text, device.machineKey)) === 'attached',
    },
    'a connector’s check of a grant': {
      wants: 'grant',
      accepts: async (text) =>
        (await verifyGrant(text, cardHeld, expected, Date.now() / 1_000)) !== undefined,
    },
    'a node’s check of a card': {
      wants: 'card',
      accepts: async (text) =>
        (await verifyCard(text, context.keys.root.key.publicKey, Date.now() / 1_000)) !== undefined,
    },
    'the loopback login': {
      wants: 'login code',
      accepts: async (code) => {
        // The channel on which this login is waited for proves the key that the code is bound to.
        await waiting.connect(addresses());
        waiting.send({ t: 'login', code, verifier });
        await waiting
          .until((message) => message.t === 'welcome' || message.t === 'fault')
          .catch(() => undefined);
        return waiting.last('welcome') !== undefined;
      },
    },
  };
  return { kinds, places, device, network };
}

test('SEC-A8: each kind of token is good at its own place, and at none of all the others', async (t) => {
  const controller = await StartedController.start(t);
  const { kinds, places } = await world(controller);
  for (const [kind, text] of Object.entries(kinds)) assert.notEqual(text, '', `there is no ${kind} to try`);
  let tried = 0;
  for (const [place, { wants, accepts }] of Object.entries(places)) {
    // Its own kind comes last: some are good for one use.
    for (const [kind, text] of Object.entries(kinds)) {
      if (kind === wants) continue;
      assert.equal(await accepts(text), false, `${place} takes a ${kind}`);
      tried += 1;
    }
    const right = kinds[wants];
    if (right !== undefined) assert.equal(await accepts(right), true, `${place} refuses the ${wants}`);
  }
  assert.ok(tried > 200, `only ${tried} were tried`);
});

test('SEC-G5: a token that is cut, lengthened, altered, in another case or padded is none', async (t) => {
  const controller = await StartedController.start(t);
  const { kinds, places } = await world(controller);
  let tried = 0;
  for (const [place, { wants, accepts }] of Object.entries(places)) {
    const right = kinds[wants];
    // A typed code is read whatever its case; how it is read is the code's own test.
    if (right === undefined || wants === 'user code') continue;
    for (const [how, text] of mutations(right)) {
      assert.equal(await accepts(text), false, `${place} takes a ${wants} that is ${how}`);
      tried += 1;
    }
    assert.equal(await accepts(right), true, `${place} refuses the ${wants}`);
  }
  assert.ok(tried > 120, `only ${tried} were tried`);
});

test('SEC-G5: a header that names another algorithm, key, type or place counts for nothing, signature or not', async (t) => {
  const controller = await StartedController.start(t);
  const { kinds, device, network } = await world(controller);
  const { context } = controller;
  const { signer, root } = context.keys;
  const { card } = await context.card();
  const nowS = Date.now() / 1_000;
  const checks: Record<string, { signer: TokenSigner; accepts(text: string): Promise<boolean> }> = {
    ticket: {
      signer,
      accepts: async (text) => {
        const verdict = await controller.attach(text, device.machineKey);
        assert.ok(verdict === 'attached' || verdict === denied, String(verdict));
        return verdict === 'attached';
      },
    },
    grant: {
      signer,
      accepts: async (text) =>
        (await verifyGrant(text, card, { network, nodeKey: device.nodeKey.publicKey }, nowS)) !== undefined,
    },
    card: {
      signer: root,
      accepts: async (text) => (await verifyCard(text, root.key.publicKey, nowS)) !== undefined,
    },
  };
  for (const [kind, check] of Object.entries(checks)) {
    const [head = '', body = '', signature = ''] = (kinds[kind] ?? '').split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>;
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    assert.ok(await check.accepts(resigned(check.signer, header, claims)), `${kind} signed anew`);
    const typs = ['card', 'ticket', 'grant', 'web', 'assertion'].map((each) => `postern-${each}+jwt`);
    const headers: Record<string, unknown>[] = [
      ...[
        ...typs,
        'JWT',
        'jwt',
        'at+jwt',
        `${String(header['typ'])} `,
        String(header['typ']).toUpperCase(),
        undefined,
      ]
        .filter((typ) => typ !== header['typ'])
        .map((typ) => ({ ...header, typ })),
      { ...header, kid: undefined },
      { ...header, kid: 'other' },
      { ...header, kid: '__proto__' },
      { ...header, jku: 'https://evil.example/jwks.json' },
      { ...header, x5u: 'https://evil.example/chain.pem' },
      { ...header, jwk: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(check.signer.key.publicKey) } },
      { ...header, x5c: ['MIIB'] },
      { ...header, zip: 'DEF' },
      { ...header, cty: 'JWT' },
    ];
    for (const each of headers)
      assert.equal(
        await check.accepts(resigned(check.signer, each, claims)),
        false,
        `${kind} ${JSON.stringify(each)}`,
      );
    for (const [name, value] of Object.entries({
      aud: 'elsewhere',
      iss: 'https://evil.example',
      exp: 1,
      cnf: {},
    })) {
      if (kind === 'card' && ['aud', 'iss', 'cnf'].includes(name)) continue;
      const changed = { ...claims, [name]: value };
      assert.equal(await check.accepts(resigned(check.signer, header, changed)), false, `${kind} ${name}`);
    }
    const part = (value: unknown): string => toBase64Url(Buffer.from(JSON.stringify(value)));
    for (const alg of ['none', 'None', 'HS256', 'HS512', 'ES256', 'RS256', 'Ed25519', '', undefined]) {
      const content = `${part({ ...header, alg })}.${body}`;
      const keyed = createHmac('sha256', check.signer.key.publicKey).update(content).digest('base64url');
      for (const proof of ['', signature, keyed])
        assert.equal(await check.accepts(`${content}.${proof}`), false, `${kind} alg ${alg}`);
    }
    const crit = await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ ...header, alg: 'EdDSA', crit: ['exp'], exp: 1 })
      .sign(check.signer.key.privateKey, { crit: { exp: true } });
    assert.equal(await check.accepts(crit), false, `${kind} crit`);
  }
});

test('SEC-A8: a ticket, a login code and a key are worth nothing to another node than theirs', async (t) => {
  const controller = await StartedController.start(t);
  const { kinds, network } = await world(controller);
  const thief = controller.node('device');
  const { card } = await controller.context.card();
  const shown = { network, nodeKey: thief.nodeKey.publicKey };
  assert.equal(await verifyGrant(kinds['grant'] ?? '', card, shown, Date.now() / 1_000), undefined);
  assert.equal(await controller.attach(kinds['ticket'] ?? '', thief.machineKey), denied);
  await thief.connect(addresses());
  thief.send({ t: 'login', code: kinds['login code'] ?? '', verifier });
  await thief.until((message) => message.t === 'fault');
  assert.equal(thief.last('fault')?.code, 'expired');
  // The proof of an enrolment belongs to the channel on which it was made.
  const honest = controller.node('device');
  await honest.connect(addresses());
  const message = honest.enrolMessage({ secret: kinds['service key'] ?? '' });
  const replay = controller.node('device');
  Object.assign(replay, { nodeKey: honest.nodeKey });
  await replay.connect(addresses());
  replay.send(message);
  await replay.until((heard) => heard.t === 'fault');
  assert.equal(replay.last('fault')?.code, 'denied');
});

test('SEC-A12: a controller that has just been made lets nobody in by anything that could be guessed', async (t) => {
  const controller = await StartedController.start(t);
  const guesses = [
    '',
    'admin',
    'postern',
    'password',
    'changeme',
    'at_',
    'default',
    '0',
    'null',
    'undefined',
  ];
  const zeros = [0, 1, 255].map((byte) => Buffer.alloc(32, byte));
  const texts = [...guesses, ...zeros.map((secret) => encodeApiToken({ kind: 'at', secret }))];
  for (const text of texts) {
    for (const headers of [
      { authorization: `Bearer ${text}` },
      { authorization: `Basic ${Buffer.from(`admin:${text}`).toString('base64')}` },
      { cookie: `__Host-postern-session=${text}` },
      { 'x-api-key': text },
    ]) {
      const { status } = await controller.ask('GET', '/api/v1/document', { headers });
      assert.equal(status, 401, JSON.stringify(headers));
    }
  }
  const { root } = controller.context.keys;
  for (const secret of zeros) {
    for (const [kind, prefix] of [
      ['connector', 'pk'],
      ['relay', 'pk'],
      ['device', 'sk'],
    ] as const) {
      const node = controller.node(kind);
      const url = controller.url.origin;
      await node.enrol(
        { secret: encodeEnrolmentKey({ kind: prefix, root: root.key.publicKey, secret, url }) },
        addresses(),
      );
      assert.equal(node.last('fault')?.code, 'denied');
    }
  }
  const { context } = controller;
  const { store } = context.organisation(context.firstOrganisation);
  // What the test made itself is all there is: one API token, nobody, nothing that could join.
  assert.equal((await store.select('api_tokens').selectAll().execute()).length, 1);
  for (const table of ['people', 'sessions', 'enrolment_keys'] as const)
    assert.equal((await store.select(table).selectAll().execute()).length, 0, table);
});

function resigned(signer: TokenSigner, header: object, claims: object): string {
  const part = (value: unknown): string => toBase64Url(Buffer.from(JSON.stringify(value)));
  const content = `${part(header)}.${part(claims)}`;
  return `${content}.${sign(null, Buffer.from(content), signer.key.privateKey).toString('base64url')}`;
}

/** The same text, not quite. */
function* mutations(text: string): Generator<[string, string]> {
  const at = (index: number): string =>
    text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1);
  yield ['without its end', text.slice(0, -1)];
  yield ['without its beginning', text.slice(1)];
  yield ['half', text.slice(0, text.length >> 1)];
  yield ['longer', `${text}A`];
  yield ['twice', text + text];
  yield ['padded', `${text}=`];
  yield ['padded twice', `${text}==`];
  for (const index of [4, text.length >> 1, text.length - 3]) yield [`altered at ${index}`, at(index)];
  const swapped = text.replaceAll(/[a-zA-Z]/g, (each) =>
    each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase(),
  );
  yield ['in capitals', text.toUpperCase()];
  yield ['in small letters', text.toLowerCase()];
  yield ['of swapped case', swapped];
  yield ['followed by NUL', `${text}%00`];
  yield ['quoted', `"${text}"`];
}

/** Another address of loopback each time, so that no throttle answers in place of a check. */
function addressesOfLoopback(): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `127.1.${last >> 8}.${last & 255 || 1}`;
  };
}
