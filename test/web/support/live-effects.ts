/** What is done in a page, seen where it counts: flows that it cuts within a second, and such that it lets through. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { OpenFlow } from './live-flows.ts';
import { mutationOf, note } from './mutations.ts';

/** Within which a right that is taken is gone, from the controller's answer on. */
const cutMs = 1_000;

/** Much longer than anything here lives once its right is gone. */
function patience(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, 10 * cutMs, undefined).unref());
}

/** Does it, and resolves with when the controller agreed to this change, as `performance.now()`. */
export async function does(page: Page, name: string, act: () => Promise<void>): Promise<number> {
  const answered = page
    .waitForResponse((response) => mutationOf(response.request()) === name && response.ok())
    .then(() => performance.now());
  const [at] = await Promise.all([answered, act()]);
  return at;
}

/** Does it, and sees each of these flows, which are used until then, end within a second. */
export async function cuts(
  page: Page,
  name: string,
  act: () => Promise<void>,
  ...flows: OpenFlow[]
): Promise<void> {
  for (const [place, flow] of flows.entries())
    assert.ok(await Promise.race([flow.echo().then(() => true), patience()]), `flow ${place + 1} is open`);
  const at = await does(page, name, act);
  for (const [place, flow] of flows.entries()) {
    const end = await Promise.race([flow.ended, patience()]);
    assert.ok(end !== undefined, `${name}: flow ${place + 1} goes on`);
    assert.ok(
      end - at < cutMs,
      `${name}: flow ${place + 1} ended ${Math.round(end - at)} ms after the answer`,
    );
  }
  note(name, 'cut');
}

/** Does it, and sees that what was refused until then is let through. */
export async function opens<T extends OpenFlow>(
  page: Page,
  name: string,
  act: () => Promise<void>,
  { refused, open }: { readonly refused: () => Promise<void>; readonly open: () => Promise<T> },
): Promise<T> {
  await refused();
  await does(page, name, act);
  const flow = await open();
  await flow.echo();
  note(name, 'opened');
  return flow;
}
