/** Identity providers of a document: an address that can be fetched safely, and an authority that is a certificate. */
import { X509Certificate } from 'node:crypto';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';

/** What is wrong with the identity providers. */
export function providerIssues(document: OrganisationDocument): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  for (const [index, { issuer, ca }] of (document.identityProviders ?? []).entries()) {
    if (issuer === '') continue;
    const wrong = issuerIssue(issuer);
    if (wrong !== undefined) issues.push({ path: ['identityProviders', index, 'issuer'], message: wrong });
    if (ca !== undefined && !isCertificate(ca)) {
      issues.push({ path: ['identityProviders', index, 'ca'], message: 'ca is no certificate in PEM' });
    }
  }
  return issues;
}

function issuerIssue(issuer: string): string | undefined {
  if (!URL.canParse(issuer)) return `"${issuer}" is no web address`;
  const url = new URL(issuer);
  if (url.search !== '' || url.hash !== '' || url.username !== '') {
    return 'an issuer has no query, fragment or user name';
  }
  const loopback = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || loopback ? undefined : 'an issuer is reached over https';
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
