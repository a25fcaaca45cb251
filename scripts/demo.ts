/**
 * `npm run demo`: a whole organisation on this machine, to try things in, until Ctrl-C. With `--check` it walks the tour
 * by itself and says what it saw. As root on Linux laptop, internet and private network are network namespaces;
 * otherwise everything runs on loopback, and the demo says what that cannot show.
 */
import { parseArgs } from 'node:util';
import { showLab } from './demo/lab-demo.ts';
import { checkLoopback, showLoopback } from './demo/loopback-demo.ts';
import { steps } from './demo/steps/steps.ts';
import { openTour } from './demo/tour.ts';
import { say, walk } from './demo/walk.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const hasNamespaces = process.platform === 'linux' && process.getuid?.() === 0;

if (hasNamespaces && values.check) await checkLab();
else if (hasNamespaces) await showLab();
else if (values.check) await checkLoopback();
else await showLoopback();

async function checkLab(): Promise<void> {
  const tour = await openTour((what) => say(`starting ${what} …`));
  const held = await walk(steps, tour);
  await tour.close();
  process.exit(held ? 0 : 1);
}
