/** A port that listens but that the resource does not list. */
import assert from 'node:assert/strict';
import { eventually } from '../../../test/support/eventually.ts';
import { curl, titleOf } from '../ask.ts';
import type { Step } from '../tour.ts';

const url = 'http://wiki.acme.internal:8080/';

export const unlistedPort: Step = {
  title: 'a port that the resource does not list is refused at the connector, and recorded',
  shows: 'SEC-A13, AUD-7',
  async run(tour) {
    const { lab, organisation } = tour;
    const client = await tour.alice();
    await organisation.apply(({ resources = [] }) => {
      for (const resource of resources) if (resource.name === 'wiki') resource.ports.push('tcp/8080');
    });
    await eventually('the wiki on port 8080 with the port listed', async () => {
      const fetched = await curl(lab.laptop, url);
      return titleOf(fetched) === lab.wiki.title ? true : undefined;
    });

    await organisation.apply();
    await eventually('a connector that knows the ports again', async () =>
      (await curl(lab.laptop, url)).code === 0 ? undefined : true,
    );
    const seen = lab.wiki.requests().length;
    const refused = await curl(lab.laptop, url);
    assert.notEqual(refused.code, 0);
    assert.equal(lab.wiki.requests().length, seen, 'the wiki saw nothing');
    assert.equal(titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/')), lab.wiki.title);
    const [incident] = (await client.status()).recent;
    assert.equal(incident?.code, 'port-not-listed');
    const entry = await eventually('the refusal in the audit log', async () =>
      (await organisation.audit('flow')).findLast(({ reasons }) => reasons.includes('port-not-listed')),
    );
    assert.equal((entry.detail as { port?: number }).port, 8_080);
    return `curl: ${refused.error.replace(/^curl: /, '')}; audit: ${entry.what} ${entry.result}, ${entry.reasons.join()}`;
  },
};
