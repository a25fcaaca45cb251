/** The demo without root: the same programs on loopback, a wiki behind them, and only what can honestly be shown there. */
import assert from 'node:assert/strict';
import { eventually } from '../../test/support/eventually.ts';
import { Client } from '../../test/support/organisation/client.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { curl, titleOf } from './ask.ts';
import { openLoopbackSite, type LoopbackSite } from './loopback-site.ts';
import { say, walk } from './walk.ts';

interface LoopbackTour {
  site: LoopbackSite;
  organisation: Organisation;
  client: Client;
  /** curl's argument for the client's SOCKS5 proxy, which also resolves names. */
  socks: string;
  url: string;
}

const notShown = `Not root on Linux, so everything runs on loopback and these are not shown: a laptop without a route to the
private network, names and ports of every program (curl, ssh, psql) captured, sign-in by a browser, DNS answers and
refusals, and the laptop as it was after down. As root: sudo npm run demo`;

/** Runs until Ctrl-C or SIGTERM. */
export async function showLoopback(): Promise<void> {
  say(notShown);
  const { site, organisation, client, socks, url } = await open();
  const postern = 'bin/postern';
  const admin = Object.entries(organisation.adminEnvironment)
    .map((each) => each.join('='))
    .join(' ');
  say(`
Acme runs. In another terminal, here:

    curl ${socks} ${url}
    curl ${socks} http://wiki.acme.internal:${site.wikiPorts.unlisted}/
    ${postern} forward wiki.acme.internal ${site.wikiPorts.listed} --state ${client.state}
    ${postern} status --state ${client.state}
    ${postern} why wiki --state ${client.state}
    ${postern} why nothing --state ${client.state}
    ${admin} ${postern} audit --ca ${organisation.caFile}

Ctrl-C stops everything.`);
  const running = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  clearInterval(running);
  await site.close();
  say('\nStopped. Nothing is left.');
}

/** Walks the part of the tour that loopback can show. */
export async function checkLoopback(): Promise<void> {
  say(notShown);
  const tour = await open();
  const held = await walk(steps, tour);
  await tour.site.close();
  process.exit(held ? 0 : 1);
}

async function open(): Promise<LoopbackTour> {
  const site = await openLoopbackSite();
  const organisation = await Organisation.start(site, {
    adapt: site.adapt,
    progress: (what) => say(`starting ${what} …`),
  });
  const client = new Client(site.laptop, 'postern');
  client.up([
    '--key-file',
    await organisation.serviceKey('ci'),
    '--capture',
    'none',
    '--socks',
    '127.0.0.1:0',
  ]);
  const { proxies } = await client.ready();
  return {
    site,
    organisation,
    client,
    socks: `--socks5-hostname ${proxies.socks}`,
    url: `http://wiki.acme.internal:${site.wikiPorts.listed}/`,
  };
}

const steps = [
  {
    title: 'curl opens the wiki by its name through the proxy, and through a forwarded port',
    async run({ site, client, socks, url }: LoopbackTour): Promise<string> {
      assert.equal(titleOf(await curl(site.laptop, url, ...socks.split(' '))), site.wiki.title);
      const port = String(site.wikiPorts.listed);
      const args = ['forward', 'wiki.acme.internal', port, '--state', client.state];
      const forward = site.laptop.spawn('bin/postern', args, { name: 'forward' });
      const [address] = await forward.waitFor(/127\.0\.0\.1:\d+/);
      assert.equal(titleOf(await curl(site.laptop, `http://${address}/`)), site.wiki.title);
      await forward.stop();
      return `"${site.wiki.title}" by ${url} and by ${address}`;
    },
  },
  {
    title: 'a port that the resource does not list is refused at the connector, and recorded',
    async run({ site, organisation, socks }: LoopbackTour): Promise<string> {
      const { unlisted } = site.wikiPorts;
      assert.equal(titleOf(await curl(site.laptop, `http://127.0.0.1:${unlisted}/`)), site.wiki.title);
      const url = `http://wiki.acme.internal:${unlisted}/`;
      const refused = await curl(site.laptop, url, ...socks.split(' '));
      assert.notEqual(refused.code, 0);
      const entry = await eventually('the refusal in the audit log', async () =>
        (await organisation.audit('flow')).findLast(({ reasons }) => reasons.includes('port-not-listed')),
      );
      return `curl: ${refused.error.replace(/^curl: /, '')}; audit: ${entry.what} ${entry.result}`;
    },
  },
  {
    title: 'removing the policy ends an open download, and why says no more than of what does not exist',
    async run({ site, organisation, client, socks, url }: LoopbackTour): Promise<string> {
      const args = ['-sSN', ...socks.split(' '), `${url}stream?every=50`];
      const download = site.laptop.spawn('curl', args, { name: 'download' });
      await download.waitFor(/3\n/);
      const ended = download.ended.then(() => Date.now());
      await organisation.apply((document) => {
        document.policies = [];
      });
      const change = (await organisation.audit('document')).at(-1);
      const tookMs = (await ended) - Date.parse(change?.time ?? '');
      assert.ok(tookMs < 1_000, `${tookMs} ms`);
      const [hidden, missing] = [await client.why('wiki'), await client.why('nothing')];
      assert.deepEqual([hidden.exit, missing.exit], [4, 4]);
      assert.equal(hidden.text, missing.text);
      await organisation.apply();
      return `ended ${tookMs} ms after the change; why: ${hidden.text}`;
    },
  },
];
