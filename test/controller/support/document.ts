/** The document of the tests: two networks, three resources, people by group and one service account. */
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';

export function acmeDocument(): OrganisationDocument {
  return {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: ['staff', 'sre', 'automation'],
    identityProviders: [
      {
        name: 'corp',
        issuer: 'https://idp.acme.example',
        clientId: 'postern',
        clientSecret: 'a secret of the provider',
        groupsClaim: 'groups',
      },
    ],
    networks: [{ name: 'hq' }, { name: 'lab' }],
    serviceAccounts: [{ name: 'ci', groups: ['automation'] }],
    resources: [
      { name: 'wiki', network: 'hq', address: 'wiki.acme.internal', ports: ['tcp/80'], tags: ['staging'] },
      {
        name: 'databases',
        network: 'hq',
        address: '*.db.acme.internal',
        ports: ['tcp/5432'],
        tags: ['prod'],
        outage: '0s',
      },
      {
        name: 'printer',
        network: 'lab',
        address: '10.20.0.9',
        alias: 'printer.acme.internal',
        ports: ['tcp/9100'],
      },
    ],
    postureProfiles: [{ name: 'healthy', linux: { minVersion: '5.10' } }],
    policies: [
      { name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki'] } },
      {
        name: 'ci-wiki',
        allow: { serviceAccounts: ['ci'] },
        to: { resources: ['wiki', 'printer'] },
        doors: ['client'],
      },
      {
        name: 'sre-db',
        allow: { groups: ['sre'] },
        to: { tags: ['prod'] },
        when: { posture: ['healthy'] },
      },
    ],
  };
}

/** The same, where the service account may use the databases from a healthy device. */
export function healthyDatabases(): OrganisationDocument {
  const document = acmeDocument();
  document.policies?.push({
    name: 'ci-db',
    allow: { serviceAccounts: ['ci'] },
    to: { tags: ['prod'] },
    when: { posture: ['healthy'] },
  });
  return document;
}
