/** What the live world declares: an application by its ports for the client, one with a public hostname, and who may use them. */
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { TestProvider } from '../../login/support/provider.ts';

export function liveDocument(
  provider: TestProvider,
  ports: { readonly echo: number; readonly wiki: number },
): OrganisationDocument {
  return {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: ['staff', 'leads'],
    identityProviders: [provider.document],
    networks: [{ name: 'hq' }],
    serviceAccounts: [{ name: 'ci', groups: ['staff'] }],
    resources: [
      {
        name: 'echo',
        network: 'hq',
        address: '127.0.0.1',
        alias: 'echo.acme.internal',
        ports: [`tcp/${ports.echo}`],
      },
      {
        name: 'wiki',
        network: 'hq',
        address: '127.0.0.1',
        alias: 'wiki.acme.internal',
        ports: [`tcp/${ports.wiki}`],
        web: { hostname: 'wiki.postern.localhost', origin: `http://127.0.0.1:${ports.wiki}` },
      },
    ],
    policies: [
      { name: 'staff-echo', allow: { groups: ['staff'] }, to: { resources: ['echo'] } },
      { name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki'] } },
    ],
  };
}
