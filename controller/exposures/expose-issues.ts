/** The `expose` section of a document: its suffix can have names below it, and nothing else of the document takes those. */
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import {
  isWildcard,
  isWithin,
  matchesPattern,
  parseName,
  parsePattern,
  type Name,
} from '../../protocol/names.ts';
import { unclaimable } from '../organisation/public-suffix.ts';
import { hostnameTexts } from '../organisation/resource-web.ts';

/** Browsers take everything below it for this machine, so a trial has it. */
const trialSuffix = 'postern.localhost' as Name;

export function exposeIssues({ expose, resources = [] }: OrganisationDocument): DocumentIssue[] {
  if (expose === undefined) return [];
  const issues: DocumentIssue[] = [];
  const at = ['expose', 'suffix'];
  const suffix = parseName(expose.suffix);
  if (suffix === undefined)
    return [
      {
        path: at,
        message: `"${expose.suffix}" is no name; write a suffix such as apps.acme.example, without *.`,
      },
    ];
  const wrong = isWithin(suffix, trialSuffix) ? undefined : unclaimable(suffix);
  if (wrong !== undefined) issues.push({ path: at, message: `"${expose.suffix}" cannot be used: ${wrong}` });
  const example = `ana-3000.${suffix}` as Name;
  for (const [index, { name, web }] of resources.entries()) {
    for (const text of web === undefined ? [] : hostnameTexts(web)) {
      const pattern = parsePattern(text);
      if (pattern !== undefined && isWildcard(pattern) && matchesPattern(pattern, example))
        issues.push({
          path: at,
          message: `"${expose.suffix}" lies below "${text}", which is the resource "${name}"; expose below another name`,
        });
    }
    // What is exposed is called by its hostname.
    if (name.endsWith(`.${suffix}`))
      issues.push({
        path: ['resources', index, 'name'],
        message: `names below "${expose.suffix}" are those of what people expose; write another name`,
      });
  }
  return issues;
}
