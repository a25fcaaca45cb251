/** The tour that `npm run demo -- --check` walks, as tests: the whole product once, with the built programs. */
import { after, before, suite, test } from 'node:test';
import { steps } from '../../scripts/demo/steps/steps.ts';
import { openTour, type Tour } from '../../scripts/demo/tour.ts';

suite('the tour of an organisation, step by step', () => {
  let tour: Tour;
  before(async () => {
    tour = await openTour();
  });
  after(() => tour?.close());

  for (const { title, shows, run } of steps) {
    test(shows === undefined ? title : `${title} (${shows})`, async (context) => {
      context.diagnostic(await run(tour));
    });
  }
});
