/** A controller that runs and a document that is right: for what is given wrongly, and must change nothing. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readYamlDocument, YamlIssues } from '../../../cli/yaml-document.ts';
import type { DocumentIssue } from '../../../protocol/problem.ts';
import { StartedController } from '../../controller/support/started-controller.ts';

export const goodDocument = `organisation: acme
zones: [acme.internal]
groups: [staff, sre]
sessions: { length: 12h }
devices: { approval: elsewhere, expireAfter: 90d }
identityProviders:
  - { name: corp, issuer: "https://idp.acme.example", clientId: postern, clientSecret: a-secret, groupsClaim: groups }
networks: [{ name: hq }]
serviceAccounts: [{ name: ci, groups: [staff] }]
resources:
  - name: wiki
    network: hq
    address: wiki.acme.internal
    ports: [tcp/80]
    tags: [staging]
    outage: 1h
    session: 8h
  - name: printer
    network: hq
    address: 10.20.0.9
    alias: printer.acme.internal
    ports: [tcp/9100]
postureProfiles: [{ name: healthy, linux: { minVersion: "5.10" } }]
policies:
  - name: staff-wiki
    allow: { groups: [staff] }
    to: { resources: [wiki] }
    when: { posture: [healthy], mfa: 12h, schedule: { zone: Europe/Berlin, hours: "09:00-18:00" } }
  - name: sre-printer
    allow: { groups: [sre] }
    to: { resources: [printer] }
    until: 2027-12-31T00:00:00Z
    when: { source: [10.0.0.0/8], country: [DE] }
    waives: [needs-printer]
  - name: needs-printer
    require: everyone
    to: { resources: [printer] }
    when: { mfa: { age: 8h, amr: [hwk], acr: [phr] } }
tests:
  - user: alice@acme.example
    door: client
    posture: [healthy]
    mfa: 1h
    at: "2026-11-20T10:00+01:00"
    source: 192.0.2.7
    cannot: [printer]
  - serviceAccount: ci
    cannot: [wiki, printer]
`;

export class WrongInputBench {
  readonly folder: string;
  /** The document's. */
  readonly file: string;
  readonly controller: StartedController;

  private constructor(folder: string, controller: StartedController) {
    this.folder = folder;
    this.file = join(folder, 'postern.yaml');
    this.controller = controller;
  }

  /** For a file of tests; the document is in force. */
  static async start(test: { after(done: () => Promise<void>): void }): Promise<WrongInputBench> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-wrong-'));
    test.after(() => rm(folder, { recursive: true }));
    const bench = new WrongInputBench(folder, await StartedController.start(test, { tls: false }));
    assert.deepEqual(await bench.apply(goodDocument), []);
    return bench;
  }

  get url(): string {
    return `http://127.0.0.1:${this.controller.url.port}`;
  }

  /** What wrong input must not have changed. */
  async inForce(): Promise<string> {
    const [document, keys] = await Promise.all([
      this.controller.call('GET', '/api/v1/document'),
      this.controller.call('GET', '/api/v1/enrolment-keys'),
    ]);
    assert.equal(document.status, 200);
    return document.body + keys.body;
  }

  /** What `apply` would print for this text: by its own reading, and the controller's answer. */
  async apply(text: string): Promise<string[]> {
    await writeFile(this.file, text);
    try {
      const document = readYamlDocument(this.file, {});
      const answer = await this.controller.call('PUT', '/api/v1/document', document.value as object);
      if (answer.status === 200) return [];
      assert.equal(answer.status, 422, answer.body);
      return document.places((JSON.parse(answer.body) as { issues: DocumentIssue[] }).issues);
    } catch (error) {
      if (error instanceof YamlIssues) return [...error.lines];
      throw error;
    }
  }
}
