/** A body or a query that is given wrongly to the API: the answer names its field and what it should be, and nothing has changed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WrongInputBench } from './support/wrong-input-bench.ts';

const bench = await WrongInputBench.start({ after });

const keyBody = { purpose: 'connector', name: 'hq' };
const bodies: [method: string, path: string, body: unknown, status: number, says: RegExp][] = [
  ['POST', 'enrolment-keys', {}, 400, /purpose is missing/],
  ['POST', 'enrolment-keys', [], 400, /must be a mapping/],
  ['POST', 'enrolment-keys', null, 400, /./],
  ['POST', 'enrolment-keys', { ...keyBody, purpose: 'admin' }, 400, /write connector or relay or service/],
  ['POST', 'enrolment-keys', { ...keyBody, name: 'HQ' }, 400, /is no name here/],
  ['POST', 'enrolment-keys', { ...keyBody, uses: 0 }, 400, /uses/],
  ['POST', 'enrolment-keys', { ...keyBody, uses: '3' }, 400, /must be a whole number/],
  ['POST', 'enrolment-keys', { ...keyBody, uses: 1.5 }, 400, /must be a whole number/],
  ['POST', 'enrolment-keys', { ...keyBody, expires: '400d' }, 400, /at most a year/],
  ['POST', 'enrolment-keys', { ...keyBody, role: 'admin' }, 400, /unknown key \\"role\\"/],
  ['POST', 'enrolment-keys', { ...keyBody, name: 'nowhere' }, 404, /Declared: hq/],
  ['PUT', 'document', [], 422, /must be a mapping/],
  ['PUT', 'document', 'acme', 422, /must be a mapping/],
  ['PUT', 'document', {}, 422, /organisation is missing/],
  ['POST', 'document/plan', [], 422, /must be a mapping/],
  ['POST', 'document/plan', {}, 422, /organisation is missing/],
  ['POST', 'document/rollback', {}, 400, /revision is missing/],
  ['POST', 'document/rollback', { revision: '1' }, 400, /must be a whole number/],
  ['POST', 'document/rollback', { revision: 0 }, 400, /revision/],
  ['POST', 'document/rollback', { revision: 1, to: 2 }, 400, /unknown key \\"to\\"/],
  ['POST', 'document/rollback', { revision: 999 }, 404, /There is no revision 999/],
  ['POST', 'document/rollback', { revision: 1, from: 999 }, 409, /is in force, not 999/],
  ['GET', 'document/history?limit=0', undefined, 400, /limit/],
  ['GET', 'document/history?limit=101', undefined, 400, /limit/],
  ['GET', 'document/history?before=x', undefined, 400, /before/],
  ['GET', 'document/history/x', undefined, 404, /no such thing/],
  ['GET', 'audit?last=0', undefined, 400, /last/],
  ['GET', 'audit?after=-1', undefined, 400, /after/],
  ['GET', 'audit?what=%25', undefined, 400, /what/],
  ['GET', 'audit?trace=%25', undefined, 400, /trace/],
  ['POST', 'simulate', {}, 400, /resource is missing/],
  ['POST', 'simulate', { resource: 'wiki' }, 400, /name a user, a service account, or groups/],
  ['POST', 'simulate', { resource: 'wiki', groups: 'staff' }, 400, /must be a list/],
  ['DELETE', 'sessions/nobody', undefined, 404, /no such thing/],
];

test('a body or a query that is wrong is answered with its field and what it should be, and changes nothing', async () => {
  const before = await bench.inForce();
  for (const [method, path, body, status, says] of bodies) {
    const answer = await bench.controller.ask(method, `/api/v1/${path}`, {
      headers: {
        authorization: `Bearer ${bench.controller.admin}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const place = `${method} ${path} ${JSON.stringify(body)}: ${answer.body}`;
    assert.equal(answer.status, status, place);
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', place);
    assert.match(answer.body, says, place);
  }
  for (const broken of ['{', '{"a":1,}', '\u0000', '{"__proto__":{"a":1}}', '']) {
    const headers = { authorization: `Bearer ${bench.controller.admin}`, 'content-type': 'application/json' };
    const answer = await bench.controller.ask('POST', '/api/v1/enrolment-keys', { headers, body: broken });
    assert.equal(answer.status, 400, `${broken}: ${answer.body}`);
  }
  assert.ok(bodies.length >= 34);
  assert.equal(await bench.inForce(), before);
});
