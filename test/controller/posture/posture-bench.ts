/** A controller whose one service account needs a verdict and a firewall, with a device and a connector that listen. */
import type { LightMyRequestResponse } from 'fastify';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { DeviceSnapshot } from '../../../protocol/snapshot.ts';
import { testController, type AfterTest, type TestController } from '../support/controller.ts';
import { acmeDocument } from '../support/document.ts';
import { TestNode } from '../support/node.ts';

export const webhookSecret = 'a-secret-of-sixteen-and-more';

/** Acme with profiles and sources; `sources` beside the webhook `mdm`. */
export function postureDocument(
  sources: OrganisationDocument['postureSources'] = [],
  verdicts = ['mdm'],
): OrganisationDocument {
  const document = acmeDocument();
  return {
    ...document,
    postureProfiles: [
      { name: 'healthy', linux: { firewall: true } },
      { name: 'vouched', verdicts },
      { name: 'owned', linux: { knownSerial: true } },
    ],
    postureSources: [{ name: 'mdm', webhook: { secret: webhookSecret } }, ...sources],
    serials: ['ac-me 0001', 'ACME0002'],
    policies: [
      {
        name: 'ci-wiki',
        allow: { serviceAccounts: ['ci'] },
        to: { resources: ['wiki'] },
        when: { posture: ['vouched'] },
      },
      {
        name: 'ci-printer',
        allow: { serviceAccounts: ['ci'] },
        to: { resources: ['printer'] },
        when: { posture: ['owned'] },
      },
      {
        name: 'ci-db',
        allow: { serviceAccounts: ['ci'] },
        to: { resources: ['databases'] },
        when: { posture: ['healthy'] },
      },
    ],
  };
}

export interface PostureBench {
  readonly controller: TestController;
  readonly device: TestNode;
  report(facts: Partial<PostureFacts>): void;
  /** Whether the device may use the resource now. */
  state(resource: string): string | undefined;
  reasons(resource: string): string[];
  /** Resolves when the device may use the resource, or may not. */
  until(resource: string, state: 'granted' | 'refused'): Promise<void>;
  /** Sends verdicts by the webhook. */
  say(verdicts: readonly object[], secret?: string, source?: string): Promise<LightMyRequestResponse>;
}

export async function postureBench(
  test: AfterTest,
  document = postureDocument(),
  overrides: { readonly directory?: string } = {},
): Promise<PostureBench> {
  const controller = await testController(test, overrides);
  const applied = await controller.call('PUT', '/api/v1/document', document);
  if (applied.statusCode !== 200) throw new Error(applied.body);
  const device = await TestNode.enrolled(controller, 'device');
  let seq = 0;
  const found = (snapshot: DeviceSnapshot, resource: string) =>
    Object.values(snapshot.resources).find(({ name }) => name === resource);
  return {
    controller,
    device,
    report(facts) {
      device.send({
        t: 'posture',
        seq: seq++,
        at: 0,
        facts: { os: 'linux', clientVersion: '0.1.0', ...facts },
      });
    },
    state: (resource) => found(device.snapshot as DeviceSnapshot, resource)?.state,
    reasons: (resource) =>
      (found(device.snapshot as DeviceSnapshot, resource)?.reasons ?? []).map(({ name }) => name),
    async until(resource, state) {
      await device.untilSnapshot<DeviceSnapshot>((snapshot) => found(snapshot, resource)?.state === state);
    },
    say: async (verdicts, secret = webhookSecret, source = 'mdm') =>
      controller.app.inject({
        method: 'POST',
        url: `/api/v1/posture/${source}`,
        headers: { authorization: `Bearer ${secret}` },
        payload: { verdicts },
      }),
  };
}
