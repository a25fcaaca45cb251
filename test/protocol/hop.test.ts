/** What a relay says of a browser: a connector believes a name, an address and a port, and nothing that is written otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeWeb, encodeWeb } from '../../protocol/hop.ts';
import { parseName, type Name } from '../../protocol/names.ts';

const sni = parseName('wiki.acme.example') as Name;
const told = (change: object): Buffer =>
  Buffer.from(JSON.stringify({ sni, addr: '192.0.2.7', port: 50_000, ...change }));

test('addresses of both families are taken as they are told', () => {
  for (const addr of [
    '192.0.2.7',
    '::1',
    '2001:db8::1',
    '0000:0000:0000:0000:0000:ffff:255.255.255.255',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ])
    assert.deepEqual(decodeWeb(encodeWeb({ sni, addr, port: 0 })), { sni, addr, port: 0 });
});

test('an address with a zone, of any length, is none, nor is what is no address, name or port', () => {
  for (const change of [
    { addr: 'fe80::1%eth0' },
    { addr: 'fe80::1%' },
    { addr: `fe80::1%${'a'.repeat(60_000)}` },
    { addr: 'fe80::1%<script>' },
    { addr: '192.0.2.7 ' },
    { addr: '192.0.2.7:80' },
    { addr: '[::1]' },
    { addr: 'localhost' },
    { addr: '' },
    { addr: 3_221_225_985 },
    { addr: ['::1'] },
    { addr: undefined },
    { sni: 'WIKI.acme.example' },
    { sni: '*.acme.example' },
    { sni: undefined },
    { port: -1 },
    { port: 65_536 },
    { port: 1.5 },
    { port: '443' },
  ])
    assert.equal(decodeWeb(told(change)), undefined, JSON.stringify(change).slice(0, 80));
  for (const text of ['', 'null', '[]', '{', '7']) assert.equal(decodeWeb(Buffer.from(text)), undefined);
});
