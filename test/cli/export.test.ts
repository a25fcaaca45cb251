/** `postern export`: what it prints, `apply` takes back, and nothing changes; for every key that there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readYamlDocument } from '../../cli/yaml-document.ts';
import { exportYaml } from '../../cli/yaml-export.ts';
import { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import { seeded } from '../policy/support/random-cases.ts';
import { createAuthority } from '../support/authority.ts';
import { fullDocument, missingKeys } from '../support/full-document.ts';
import { runPostern } from './support/program.ts';

const folder = await mkdtemp(join(tmpdir(), 'postern-export-'));
after(() => rm(folder, { recursive: true }));

test('the document of the round trip has every key of the schema', () => {
  assert.deepEqual(missingKeys(fullDocument('a certificate')), []);
});

test('what is exported is applied again with nothing changed, through the command line and the API', async (t) => {
  const controller = await StartedController.start(t, { tls: false });
  const document = fullDocument(readFileSync(createAuthority(folder).caFile, 'utf8'));
  const put = async (value: object) => {
    const answer = await controller.call('PUT', '/api/v1/document', value);
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body) as { changes: unknown[]; revision: number };
  };
  const { revision } = await put(document);
  const env = {
    POSTERN_CONTROLLER: `http://127.0.0.1:${controller.url.port}`,
    POSTERN_TOKEN: controller.admin,
    CORP_CLIENT_SECRET: document.identityProviders?.[0]?.clientSecret ?? '',
    PARTNER_2_CLIENT_SECRET: document.identityProviders?.[1]?.clientSecret ?? '',
    MDM_WEBHOOK_SECRET: document.postureSources?.[0]?.webhook?.secret ?? '',
    EDR_POLL_TOKEN: document.postureSources?.[1]?.poll?.token ?? '',
    CHAT_SECRET: document.webhooks?.[0]?.secret ?? '',
  };
  const exported = await runPostern(['export'], { env });
  assert.equal(exported.exit, 0, exported.stderr);
  assert.match(exported.stdout, /^# acme, revision \d+\n/);
  assert.match(
    exported.stdout,
    /clientSecret: \{ env: CORP_CLIENT_SECRET \} # never shown: set this variable/,
  );
  assert.match(exported.stderr, /Secrets are never shown: set the variables/);
  assert.doesNotMatch(exported.stdout, /of the "corp" provider|second/);

  const applied = await runPostern(['apply', '-f', '-', '--json'], { env, input: exported.stdout });
  assert.equal(applied.exit, 0, applied.stderr);
  assert.deepEqual(JSON.parse(applied.stdout), { schema: 'postern.apply/v1', changes: [], revision });
  const planned = await runPostern(['plan', '-f', '-', '--json'], { env, input: exported.stdout });
  assert.equal(planned.exit, 0, planned.stderr);
  assert.deepEqual((JSON.parse(planned.stdout) as { changes: unknown[] }).changes, []);

  // As JSON, it is what the API says.
  const json = await runPostern(['export', '--json'], { env });
  const read = JSON.parse((await controller.call('GET', '/api/v1/document')).body) as object;
  assert.deepEqual(JSON.parse(json.stdout), { schema: 'postern.export/v1', ...read });
  // With a variable missing, the place is named and nothing is changed.
  const without = await runPostern(['apply', '-f', '-'], {
    env: { ...env, CORP_CLIENT_SECRET: '' },
    input: exported.stdout,
  });
  assert.equal(without.exit, 2);
  assert.match(without.stderr, /:\d+:\d+ the variable CORP_CLIENT_SECRET is not set/);
});

test('a controller without a document has nothing to export, and says what to do', async (t) => {
  const controller = await StartedController.start(t, { tls: false });
  const { context } = controller;
  await context.organisation(context.firstOrganisation).store.delete('documents').execute();
  const env = {
    POSTERN_CONTROLLER: `http://127.0.0.1:${controller.url.port}`,
    POSTERN_TOKEN: controller.admin,
  };
  const { exit, stderr } = await runPostern(['export'], { env });
  assert.equal(exit, 2);
  assert.match(stderr, /no document is in force yet; make one: postern apply -f postern\.yaml/);
});

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly writeOnly?: boolean;
}

/** Texts that YAML could take for something else. */
const trying = [
  'plain',
  'no',
  'NO',
  'null',
  '~',
  '1.10',
  '0x1f',
  '1e3',
  '09:00-18:00',
  '2027-12-31T00:00:00Z',
  '*.db.acme.internal',
  '::/0',
  '@at',
  '- dash',
  'a: b',
  'a #b',
  ' led by a space',
  'two\nlines\n',
  'line\n\n  indented',
  '"quoted" \'twice\'',
  '{ env: HOME }',
  'ünïcode €',
  '!tag',
  '&anchor',
  '%percent',
  '',
];

test('any value that the schema can have comes back as it was, whatever YAML might take it for', async () => {
  const random = seeded(20_261_121);
  const schema = JSON.parse(JSON.stringify(OrganisationDocument)) as Schema;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const variables: Record<string, string> = {};
  const draw = (at: Schema, path: readonly string[]): unknown => {
    if (at.const !== undefined) return at.const;
    if (at.anyOf !== undefined) return draw(pick(at.anyOf), path);
    if (at.items !== undefined) {
      const { items } = at;
      return Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) =>
        draw(items, [...path, `${index}`]),
      );
    }
    if (at.properties !== undefined)
      return Object.fromEntries(
        Object.entries(at.properties).map(([key, below]) => [
          key,
          // A name is what secrets are called after, and a file is read where a certificate is no PEM.
          key === 'name'
            ? `n${path.join('-')}`
            : key === 'ca' || key === 'originCa'
              ? `-----BEGIN X-----\n${pick(trying)}\n`
              : draw(below, [...path, key]),
        ]),
      );
    return at.type === 'boolean' ? random() < 0.5 : pick(trying);
  };
  for (let round = 0; round < 200; round += 1) {
    const document = draw(schema, []) as OrganisationDocument;
    const text = exportYaml(document, 'a remark');
    for (const [, name = ''] of text.matchAll(/\{ env: (\w+) \} # never shown/g))
      variables[name] = `secret ${name}`;
    const file = join(folder, 'generated.yaml');
    await writeFile(file, text);
    const { value } = readYamlDocument(file, variables);
    assert.deepEqual(withoutSecrets(schema, value), withoutSecrets(schema, document), text);
  }
});

/** The value with every secret of its schema as one word. */
function withoutSecrets(schema: Schema, value: unknown): unknown {
  if (schema.writeOnly === true) return typeof value === 'string' ? 'secret' : value;
  if (Array.isArray(value))
    return (value as unknown[]).map((item) => withoutSecrets(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  const branch =
    schema.anyOf?.find(({ properties }) => keys.every((key) => properties?.[key] !== undefined)) ?? schema;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [key, withoutSecrets(branch.properties?.[key] ?? {}, below)]),
  );
}
