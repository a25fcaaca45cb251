/** SRV, MX and TXT: told where the resource lists them, as its connector says, without what the asker may not use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Knowledge } from '../../../client/standing.ts';
import { extendedError, resource, sample } from './knowledge.ts';
import { setUp } from './resolver-bench.ts';

/** The sample with records listed for a name of its own, and for those below a wildcard. */
const listing: Knowledge = {
  ...sample,
  resources: [
    ...sample.resources,
    resource(6, ['ad.acme.internal'], { dns: ['SRV', 'TXT'] }),
    resource(7, ['*.mail.acme.internal'], { dns: ['MX'] }),
    resource(8, ['other.acme.internal']),
  ],
};

const service = '_ldap._tcp.ad.acme.internal';
const srv = (target: string, port = 389) => ({ priority: 10, weight: 5, port, target });

test('SRV of a resource that lists it comes from a connector, at its service’s name, and is asked for once', async () => {
  const records = { [`SRV ${service}`]: { type: 'SRV', list: [srv('wiki.acme.internal')] } } as const;
  const { ask, asked } = setUp({ knowledge: listing, records });
  for (let time = 0; time < 2; time++) {
    const reply = await ask(service, 'SRV');
    assert.equal(reply.rcode, 'NOERROR');
    assert.deepEqual(
      reply.answers.map(({ name, type, data }) => [name, type, data]),
      [[service, 'SRV', srv('wiki.acme.internal')]],
    );
    assert.ok((reply.answers[0]?.ttl ?? 99) <= 10);
  }
  assert.deepEqual(asked, [`SRV ${service}`]);
});

test('MX and TXT are told where they are listed, several strings as they came', async () => {
  const { ask } = setUp({
    knowledge: listing,
    records: {
      'MX a.mail.acme.internal': { type: 'MX', list: [{ preference: 5, exchange: 'wiki.acme.internal' }] },
      'TXT ad.acme.internal': { type: 'TXT', list: [{ strings: ['one', 'two'] }] },
    },
  });
  const [mx] = (await ask('a.mail.acme.internal', 'MX')).answers;
  assert.deepEqual(mx?.data, { preference: 5, exchange: 'wiki.acme.internal' });
  const [txt] = (await ask('ad.acme.internal', 'TXT')).answers;
  assert.deepEqual(txt?.data, [Buffer.from('one'), Buffer.from('two')]);
});

test('a type that the resource does not list is asked of nobody', async () => {
  const { ask, asked } = setUp({ knowledge: listing });
  for (const [name, type] of [
    ['ad.acme.internal', 'MX'],
    ['other.acme.internal', 'TXT'],
  ] as const) {
    const reply = await ask(name, type);
    assert.deepEqual([reply.rcode, reply.answers], ['NOERROR', []]);
  }
  assert.equal(extendedError(await ask('_ldap._tcp.other.acme.internal', 'SRV'))?.code, 15);
  assert.equal(extendedError(await ask('_ldap._tcp.secret.acme.internal', 'SRV'))?.code, 15);
  assert.equal(extendedError(await ask(service, 'A'))?.code, 15);
  assert.deepEqual(asked, []);
});

test('a target that is not granted here, and a text that says an address, are left out of an answer', async () => {
  const targets = [
    'wiki.acme.internal',
    'secret.acme.internal',
    'hidden.acme.internal',
    'dc1.corp.example',
    '10.1.2.3',
    '.',
  ];
  const texts = [
    'v=spf1 ip4:10.0.0.1/24 -all',
    'see fd00:1::5.',
    'at 2001:db8:0:0:0:0:0:1',
    '::ffff:a00:1',
    'site-verification=abc 10.5',
    'taken at 12:34:56',
  ];
  const { ask } = setUp({
    knowledge: listing,
    records: {
      [`SRV ${service}`]: { type: 'SRV', list: targets.map((target) => srv(target)) },
      'TXT ad.acme.internal': { type: 'TXT', list: texts.map((text) => ({ strings: [text] })) },
    },
  });
  const { answers } = await ask(service, 'SRV');
  assert.deepEqual(
    answers.map(({ data }) => (data as { target: string }).target),
    ['wiki.acme.internal'],
  );
  const told = (await ask('ad.acme.internal', 'TXT')).answers;
  assert.deepEqual(
    told.map(({ data }) => String(data)),
    texts.slice(-2),
  );
});

test('records that no connector can tell now: a name with an address exists all the same, a service is not told', async () => {
  const { ask } = setUp({
    knowledge: listing,
    records: { 'TXT ad.acme.internal': 'unknown', [`SRV ${service}`]: 'unknown' },
  });
  const exact = await ask('ad.acme.internal', 'TXT');
  assert.deepEqual([exact.rcode, extendedError(exact)?.code], ['NOERROR', 22]);
  const unknown = await ask(service, 'SRV');
  assert.deepEqual([unknown.rcode, extendedError(unknown)?.code], ['NXDOMAIN', 22]);
  assert.equal(extendedError(await ask('_kerberos._udp.ad.acme.internal', 'SRV'))?.code, 15);
});
