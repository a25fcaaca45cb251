/** UDP ASSOCIATE as a program on a laptop has it: through client, relay and connector to an application, or refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.ts';
import { startLaptop } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';
import { associate, datagramTo, datagramToAddress, udpSocket } from './support/socks-datagrams.ts';

test('SEC-A13 datagrams by SOCKS5 reach what is declared by UDP and nothing else, and status says why', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const application = await udpSocket(t);
  application.socket.on('message', (bytes, from) => application.socket.send(bytes, from.port, from.address));
  organisation.wikiUdpPort = application.port;
  const wiki = organisation.device.resources[organisation.wiki];
  assert.ok(wiki !== undefined);
  // The client may know of more than the connector lets through.
  const alsoListed = application.port === 9 ? 10 : 9;
  const ports = [`udp/${application.port}`, `udp/${alsoListed}`];
  organisation.device.resources[organisation.wiki] = { ...wiki, ports };
  await organisation.push();
  const client = await startLaptop(organisation, { socks: { address: '127.0.0.1', port: 0 } });
  const proxyPort = Number(client.status().proxies.socks?.split(':')[1]);
  const { control, relayPort } = await associate(t, proxyPort);
  const { socket, heard } = await udpSocket(t);
  const send = (bytes: Buffer): void => socket.send(bytes, relayPort, '127.0.0.1');
  const name = 'wiki.acme.internal';
  send(datagramTo(name, application.port, 'one'));
  await until(() => heard.length === 1);
  assert.deepEqual(heard, [datagramTo(name, application.port, 'one')]);
  const flow = { host: name, port: application.port, resource: 'wiki' };
  assert.deepEqual(
    client.status().flows.map(({ host, port, resource }) => ({ host, port, resource })),
    [flow],
  );

  const unlisted = 65_535;
  for (const bytes of [
    datagramTo(name, unlisted, 'x'),
    datagramTo(name, alsoListed, 'x'),
    datagramTo('other.acme.internal', application.port, 'x'),
    datagramToAddress('127.0.0.1', application.port, 'x'),
    datagramTo('127.0.0.2', application.port, 'x'),
  ])
    send(bytes);
  const refusals = (): string[] =>
    client
      .status()
      .recent.map(({ host, port, code }) => `${host}:${port} ${code}`)
      .toSorted();
  await until(() => refusals().length === 5);
  const { port } = application;
  assert.deepEqual(
    refusals(),
    [
      `${name}:${unlisted} port-not-listed`,
      `${name}:${alsoListed} port-not-listed`,
      `other.acme.internal:${port} denied`,
      `127.0.0.2:${port} denied`,
      `127.0.0.1:${port} denied`,
    ].toSorted(),
  );
  send(datagramTo(name, application.port, 'two'));
  await until(() => heard.length === 2);
  control.end();
  await until(() => client.status().flows.length === 0);
});
