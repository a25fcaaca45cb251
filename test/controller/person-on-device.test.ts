/** A device that may use nothing speaks for nobody, and is told why in the same words whatever it asks for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposeForDevice } from '../../controller/exposures/for-device.ts';
import { requestForDevice } from '../../controller/requests/for-device.ts';
import { deviceOf, requestBench, requestDocument } from './requests/request-bench.ts';

test('a request and an exposure are refused alike to a device that may use nothing: sentence, name and remedy', async (t) => {
  const bench = await requestBench(t);
  const { context, time } = bench;
  const alice = await bench.person('alice', ['staff']);
  const device = await deviceOf(bench, alice, 'none');
  const asked = [
    () =>
      requestForDevice(context, context.firstOrganisation, device, {
        t: 'request',
        id: 1,
        call: { what: 'list' },
      }),
    () =>
      exposeForDevice(context, context.firstOrganisation, device, {
        t: 'expose',
        id: 2,
        call: { what: 'list' },
      }),
  ];
  const both = async (): Promise<unknown[]> => {
    const answers = await Promise.all(asked.map((ask) => ask()));
    return answers.map(({ status, body }) => [status, (body as { detail?: string }).detail]);
  };
  assert.deepEqual(await both(), [
    [200, undefined],
    [200, undefined],
  ]);
  await bench.apply({ ...requestDocument(), devices: { approval: 'required' } });
  const held = [
    403,
    'The device is not approved yet (device-not-approved). Ask an administrator to approve this device.',
  ];
  assert.deepEqual(await both(), [held, held]);
  time.ms += 3_600_000;
  const over = [401, 'The session is over (session-ended). Sign in again: postern login'];
  assert.deepEqual(await both(), [over, over]);
});
