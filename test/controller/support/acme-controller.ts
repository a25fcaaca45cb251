/** A controller whose document is that of the tests. */
import assert from 'node:assert/strict';
import { testController, type AfterTest, type TestController } from './controller.ts';
import { acmeDocument } from './document.ts';

export async function acmeController(
  test: AfterTest,
  changes: Parameters<typeof testController>[1] = {},
): Promise<TestController> {
  const controller = await testController(test, changes);
  const applied = await controller.call('PUT', '/api/v1/document', acmeDocument());
  assert.equal(applied.statusCode, 200, applied.body);
  return controller;
}
