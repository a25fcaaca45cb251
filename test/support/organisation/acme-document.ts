/**
 * Acme's `postern.yaml`: what the demo applies, and what tests and the bench start from and change. The same shape as
 * The example organisation, with what the lab holds.
 */
import { stringify } from 'yaml';
import type {
  IdentityProviderDocument,
  OrganisationDocument,
} from '../../../protocol/organisation-document.ts';

/** The document as it stands in the file: secrets are named, not written. */
export type OrganisationFile = Omit<OrganisationDocument, 'identityProviders'> & {
  identityProviders: (Omit<IdentityProviderDocument, 'clientSecret'> & { clientSecret: { env: string } })[];
};

/** The variable that holds the provider's client secret where `apply` runs. */
export const clientSecretVariable = 'OIDC_SECRET';

/** Acme with the provider at `issuer`, which the authority in `caFile` certifies. */
export function acmeDocument({ issuer, caFile }: { issuer: string; caFile: string }): OrganisationFile {
  return {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: ['staff', 'sre', 'contractors', 'automation'],
    identityProviders: [
      {
        name: 'corp',
        issuer,
        clientId: 'postern',
        clientSecret: { env: clientSecretVariable },
        groupsClaim: 'groups',
        ca: caFile,
      },
    ],
    networks: [{ name: 'hq' }],
    serviceAccounts: [{ name: 'ci', groups: ['automation'] }],
    resources: [
      { name: 'wiki', network: 'hq', address: 'wiki.acme.internal', ports: ['tcp/80'] },
      {
        name: 'databases',
        network: 'hq',
        address: '*.db.acme.internal',
        ports: ['tcp/5432'],
        tags: ['prod'],
      },
      { name: 'bastion', network: 'hq', address: 'bastion.acme.internal', ports: ['tcp/22'] },
    ],
    postureProfiles: [{ name: 'healthy', linux: { minVersion: '4.18' } }],
    policies: [
      { name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki'] } },
      { name: 'sre-db', allow: { groups: ['sre'] }, to: { tags: ['prod'] }, until: '2027-12-31T00:00:00Z' },
      { name: 'sre-bastion', allow: { groups: ['sre'] }, to: { resources: ['bastion'] } },
      { name: 'ci-checks', allow: { serviceAccounts: ['ci'] }, to: 'everything' },
      {
        name: 'prod-needs',
        require: 'everyone',
        to: { tags: ['prod'] },
        when: { posture: ['healthy'], session: '12h' },
      },
      { name: 'no-contractors', deny: { groups: ['contractors'] }, to: { tags: ['prod'] } },
    ],
  };
}

/** The text of the file. */
export function toYaml(document: OrganisationFile): string {
  return stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
}
