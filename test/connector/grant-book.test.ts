import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrantBook } from '../../connector/flows/grant-book.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import { Lease } from '../../protocol/lease.ts';
import { signGrant, tokenSigner } from '../../protocol/tokens.ts';
import { heldBytes } from '../support/retained-memory.ts';
import { sampleCard } from '../support/sample-card.ts';

const nowMs = 1_800_000_000_000;
const nowS = nowMs / 1_000;
const network = newId('net', systemRandom(16));
const resource = newId('res', systemRandom(16));
const nodeKey = newAgreementKey().publicKey;
const signer = await tokenSigner(newSigningKey());
const card = sampleCard(signer, nowS, 86_400);

function grant(resources = [resource]): Promise<string> {
  return signGrant(signer, {
    iss: card.iss,
    aud: network,
    jti: newId('tok', systemRandom(16)),
    org: newId('org', systemRandom(16)),
    sub: newId('usr', systemRandom(16)),
    dev: newId('dev', systemRandom(16)),
    ses: newId('ses', systemRandom(16)),
    nk: encodeKey(nodeKey),
    who: { name: 'Alice', groups: [] },
    cav: [{ until: nowS + 600, out: 3_600 }],
    res: Object.fromEntries(resources.map((id) => [id, 0])),
    iat: nowS,
    exp: nowS + 3_600,
  });
}

function book(): GrantBook {
  const lease = new Lease(() => nowMs);
  lease.beat(1);
  return new GrantBook(lease);
}

test('SEC-D3 grants shown faster than they are verified do not pile up, and the first ones count', async () => {
  const grants = book();
  grants.show(await grant(), card, { network, nodeKey });
  const before = heldBytes();
  for (let index = 0; index < 10_000; index++) {
    // As the session hands it over: a text of its own each time.
    grants.show(Buffer.alloc(15_000, `${index}.`).toString(), card, { network, nodeKey });
  }
  const held = heldBytes() - before;
  assert.ok(held < 4_000_000, `${held} bytes wait`);
  await grants.settled;
  assert.equal(typeof grants.cover(resource, 'tcp', 80), 'object');
});

test('a session holds its 64 newest grants', async () => {
  const grants = book();
  const resources = Array.from({ length: 70 }, () => newId('res', systemRandom(16)));
  for (const id of resources) {
    grants.show(await grant([id]), card, { network, nodeKey });
    await grants.settled;
  }
  const held = resources.map((id) => grants.cover(id, 'tcp', 80) !== 'denied');
  assert.deepEqual(
    held,
    resources.map((_, index) => index >= 6),
  );
});
