/**
 * A private zone that an organisation declares while people are signed in: nobody can prove whose it is, so each device goes on
 * asking its old resolver until its person was shown the zone and said yes.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { Client } from '../support/organisation/client.ts';
import { eventually } from '../support/eventually.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import { labSite } from '../support/organisation/site.ts';

suite('a zone that is declared later', () => {
  let lab: Lab;
  let organisation: Organisation;
  let browser: Browser;
  before(async () => {
    lab = await openLab();
    organisation = await Organisation.start(labSite(lab));
    browser = await openBrowser(lab, { trusted: [organisation.caFile] });
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  /** Whether the public resolver was asked for this name. */
  async function leaves(name: string): Promise<boolean> {
    const before = lab.publicDns.questions().length;
    await lab.laptop.run('dig', ['+tries=1', '+time=2', name]);
    return lab.publicDns
      .questions()
      .slice(before)
      .some((question) => question.name === name);
  }

  test('is taken over once the person has signed in again, and not before', async () => {
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    const client = new Client(lab.laptop, 'alice');
    await alice.upByBrowser(client);
    assert.equal(await leaves('nothing.acme.internal'), false);
    await organisation.apply((document) => {
      document.zones = ['acme.internal', 'corp.internal'];
    });
    await client.program.waitFor(/the zone corp\.internal, which is nobody’s in DNS.*postern login/);
    assert.equal(await leaves('nothing.corp.internal'), true);
    assert.deepEqual((await client.status()).dns?.refused_zones, [
      { zone: 'corp.internal', why: 'unconfirmed' },
    ]);
    await client.down();
    // There is a browser, which is not asked for anything.
    client.up(organisation.personArgs, { BROWSER: '/bin/true' });
    await client.ready();
    assert.equal(await leaves('other.corp.internal'), true, 'a restart confirms nothing');
    assert.match(
      (await client.run('status')).stdout,
      /corp\.internal is new and nobody’s in DNS.*postern login/,
    );

    const shown = await alice.signInAgain(client);
    assert.match(shown, /every name below acme\.internal, corp\.internal will lead to this/);
    await eventually('the zone taken over', async () =>
      (await client.status()).dns?.zones.includes('corp.internal') === true ? true : undefined,
    );
    assert.deepEqual((await client.status()).dns?.refused_zones, []);
    assert.equal(await leaves('third.corp.internal'), false);
  });
});
