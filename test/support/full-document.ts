/**
 * A document that says something under every key of the schema, and nothing that is wrong: what a round trip must bring
 * back whole. `missingKeys` names keys of the schema that it does not have, so that a new one is not forgotten.
 */
import { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';

/** Checks that every system has. */
const checks: NonNullable<PostureProfileDocument['macos']> = {
  diskEncryption: true,
  firewall: true,
  screenLock: true,
  antivirus: true,
  secureBoot: true,
  automaticUpdates: true,
  processes: ['acme-agent'],
  minClientVersion: '0.1.0',
  knownSerial: true,
};

/** @param ca a certificate in PEM */
export function fullDocument(ca: string): OrganisationDocument {
  return {
    organisation: 'acme',
    zones: ['acme.internal', 'lab.acme.test'],
    groups: ['staff', 'sre', 'contractors', 'automation'],
    expose: { suffix: 'shown.acme.example', longest: '12h', guests: true },
    identityProviders: [
      {
        name: 'corp',
        issuer: 'https://idp.acme.example',
        clientId: 'postern',
        clientSecret: 'a secret: of the "corp" provider # 1',
        groupsClaim: 'groups',
        ca,
        acrValues: ['phr', 'phrh'],
        directory: { join: 'externalId', required: true, stopAt: 30 },
      },
      {
        name: 'partner-2',
        issuer: 'https://sso.partner.example/realm',
        clientId: 'p',
        clientSecret: 'second',
      },
    ],
    sessions: { length: '10h', guests: '4h' },
    devices: { approval: 'required', expireAfter: '90d' },
    changes: { approval: 'off' },
    networks: [{ name: 'hq', lanCandidates: true }, { name: 'lab' }],
    serviceAccounts: [{ name: 'ci', groups: ['automation'] }, { name: 'backup' }],
    resources: [
      {
        name: 'databases',
        network: 'hq',
        address: '*.db.acme.internal',
        ports: ['tcp/5432', 'tcp/8000-8099'],
        tags: ['prod', 'eu'],
        within: ['10.0.0.0/8', 'fd00::/8'],
        dns: ['SRV', 'TXT'],
        visibility: 'everyone',
        outage: '0s',
        session: '2h',
        lockUnused: '30d',
      },
      {
        name: 'printer',
        network: 'lab',
        address: '10.20.0.9',
        alias: 'printer.acme.internal',
        ports: ['tcp/9100'],
        web: {
          hostname: 'printer.acme.example',
          origins: ['https://10.20.0.9', 'https://10.20.0.10:8443'],
          originCa: ca,
          originName: 'printer.acme.internal',
          health: { path: '/status', every: '30s' },
          answerWithin: '5m',
          host: 'origin',
          headers: { Authorization: 'Bearer {{jwt}}', 'X-WEBAUTH-USER': '{{email}}' },
          audience: 'printer',
          rules: [
            { paths: ['/public/*'], methods: ['GET', 'HEAD'], effect: 'public' },
            { paths: ['/admin', '/admin/*'], effect: 'require', groups: ['sre'], signIn: '10m' },
          ],
          allowOrigins: ['https://app.acme.example'],
          maintenance: 'Back at noon: "really".',
          certificate: 'acme',
        },
      },
      {
        name: 'apps',
        network: 'lab',
        address: '*.apps.acme.internal',
        ports: ['tcp/443'],
        web: {
          hostnames: ['*.apps.acme.example'],
          origin: 'https://*.apps.acme.internal',
          originInsecure: true,
          serviceWorkers: true,
        },
      },
    ],
    postureProfiles: [
      {
        name: 'healthy',
        linux: {
          ...checks,
          minVersion: '5.10',
          distribution: { debian: '12', ubuntu: '22.04' },
          files: ['/etc/acme enrolled'],
        },
        macos: { ...checks, minVersion: '14', screenLock: '5m', files: ['/Library/Acme'] },
        windows: {
          ...checks,
          minVersion: '10.0.22631',
          antivirus: ['microsoft-defender'],
          files: ['C:\\Program Files\\Acme'],
        },
        freshness: '10m',
        verdicts: ['edr', 'mdm'],
      },
    ],
    postureSources: [
      { name: 'mdm', webhook: { secret: 'a-secret-of-the-webhook' } },
      {
        name: 'edr',
        poll: { url: 'https://edr.acme.example/verdicts', token: 'a-token', every: '5m', ca },
      },
      { name: 'open', poll: { url: 'https://open.acme.example/verdicts' } },
    ],
    serials: ['C02ABC1234', 'pf-0 12345'],
    policies: [
      {
        name: 'sre-db',
        allow: {
          groups: ['sre'],
          people: ['alice@acme.example'],
          serviceAccounts: ['backup'],
          guests: ['pat@customer.example', '*@partner.example'],
        },
        to: { resources: ['printer'], tags: ['prod'] },
        mayExpose: true,
        doors: ['client', 'web'],
        from: '2026-01-01T00:00:00Z',
        until: '2027-12-31T00:00:00+01:00',
        when: {
          posture: ['healthy'],
          mfa: { age: '12h', amr: ['hwk', 'swk'], acr: ['phr'] },
          session: '8h',
          deviceApproved: true,
          source: ['10.0.0.0/8', '2001:db8::/32', '::/0'],
          country: ['NO', 'DE'],
          schedule: { zone: 'Europe/Berlin', days: ['mon-thu', 'fri'], hours: '09:00-18:00' },
        },
        waives: ['prod-needs'],
      },
      { name: 'prod-needs', require: 'everyone', to: { tags: ['prod'] }, when: { mfa: '1d' } },
      {
        name: 'some-need',
        require: {
          groups: ['sre'],
          people: ['bob@acme.example'],
          serviceAccounts: ['ci'],
          guests: ['*@customer.example'],
        },
        to: { tags: ['eu'] },
        when: { session: '1d' },
      },
      {
        name: 'not-these',
        deny: {
          groups: ['contractors'],
          people: ['mallory@acme.example'],
          serviceAccounts: ['ci'],
          guests: ['eve@customer.example'],
        },
        to: 'everything',
      },
    ],
    requests: [
      {
        name: 'prod',
        who: { groups: ['staff'], people: ['alice@acme.example'] },
        to: { resources: ['printer'], tags: ['prod'] },
        approvers: { groups: ['sre'], people: ['bob@acme.example'] },
        quorum: 2,
        longest: '8h',
        waives: ['prod-needs'],
      },
      { name: 'emergency', who: 'everyone', to: 'everything', longest: '1h', breakGlass: true },
    ],
    webhooks: [
      {
        name: 'chat',
        url: 'https://hooks.acme.example/postern',
        secret: 'a-secret-of-the-chat',
        ca,
        decides: true,
      },
    ],
    tests: [
      {
        user: 'alice@acme.example',
        groups: ['staff'],
        door: 'web',
        at: '2026-11-20T10:00+01:00',
        posture: ['healthy'],
        mfa: '1h',
        amr: ['hwk'],
        acr: 'phr',
        session: '10m',
        deviceApproved: true,
        source: '10.1.2.3',
        country: 'NO',
        can: ['databases', 'printer'],
      },
      { serviceAccount: 'ci', cannot: ['databases'] },
      { guest: 'eve@customer.example', cannot: ['printer'] },
    ],
  };
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Keys of the schema that the document has nowhere, such as `policies.when.mfa.age`. */
export function missingKeys(document: OrganisationDocument): string[] {
  const present = new Set(keysOfValue(document));
  return keysOfSchema(JSON.parse(JSON.stringify(OrganisationDocument)) as Schema).filter(
    (key) => !present.has(key),
  );
}

/** Every key of a schema with the keys above it; lists and the branches of unions add none of their own. */
export function keysOfSchema({ properties = {}, items, anyOf = [] }: Schema): string[] {
  return [
    ...Object.entries(properties).flatMap(([key, below]) => [
      key,
      ...keysOfSchema(below).map((rest) => `${key}.${rest}`),
    ]),
    ...(items === undefined ? [] : keysOfSchema(items)),
    ...anyOf.flatMap(keysOfSchema),
  ];
}

function keysOfValue(value: unknown): string[] {
  if (Array.isArray(value)) return (value as unknown[]).flatMap(keysOfValue);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [
    key,
    ...keysOfValue(below).map((rest) => `${key}.${rest}`),
  ]);
}
