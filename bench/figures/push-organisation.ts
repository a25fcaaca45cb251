/** The organisation of the push figure: 200 resources in two networks, of which 100 hang on one tag that a change takes away. */
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';

export const resourceCount = 200;
export const touchedCount = 100;

/** With `open` false the 100 resources tagged `night` are allowed no more. */
export function pushDocument(open: boolean): OrganisationDocument {
  return {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: ['automation'],
    networks: [{ name: 'hq' }, { name: 'lab' }],
    serviceAccounts: [{ name: 'ci', groups: ['automation'] }],
    resources: Array.from({ length: resourceCount }, (_, place) => ({
      name: `app-${place}`,
      network: place % 2 === 0 ? 'hq' : 'lab',
      address: `app-${place}.acme.internal`,
      ports: ['tcp/443'],
      tags: [place < touchedCount ? 'night' : 'day'],
    })),
    policies: [
      { name: 'day', allow: { groups: ['automation'] }, to: { tags: ['day'] } },
      ...(open ? [{ name: 'night', allow: { groups: ['automation'] }, to: { tags: ['night'] } }] : []),
    ],
  };
}
