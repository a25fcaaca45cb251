/** An organisation's document put into force over the API, so that a test knows when that was. */
import { readFileSync } from 'node:fs';
import type { OrganisationFile } from '../organisation/acme-document.ts';
import type { Organisation } from '../organisation/organisation.ts';
import type { Answer } from './actor-process.ts';
import type { Actor } from './actor.ts';

/** As `change` makes it from how it was at first. */
export function putDocument(
  actor: Actor,
  organisation: Organisation,
  change: (document: OrganisationFile) => void,
): Promise<Answer> {
  const document = structuredClone(organisation.document);
  change(document);
  const { client, caFile } = organisation.provider;
  const identityProviders = document.identityProviders.map((provider) => ({
    ...provider,
    clientSecret: client.secret,
    ca: readFileSync(caFile, 'utf8'),
  }));
  return actor.admin('PUT', '/api/v1/document', { ...document, identityProviders });
}
