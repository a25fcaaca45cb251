/** What is wrong with the rules of requests and with webhooks beyond their schema. */
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import type { RequestRuleDocument } from '../../protocol/request-document.ts';

/** Everything wrong in `requests` and `webhooks` of a document whose entries are sound each by itself. */
export function requestIssues(document: OrganisationDocument): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  for (const [index, rule] of (document.requests ?? []).entries())
    for (const { path, message } of ruleIssues(rule, document))
      issues.push({ path: ['requests', index, ...path], message });
  for (const [index, { url }] of (document.webhooks ?? []).entries()) {
    const message = urlIssue(url);
    if (message !== undefined) issues.push({ path: ['webhooks', index, 'url'], message });
  }
  return issues;
}

function ruleIssues(rule: RequestRuleDocument, document: OrganisationDocument): DocumentIssue[] {
  const { who, to, approvers, quorum, waives = [], breakGlass } = rule;
  const issues: DocumentIssue[] = [];
  const report = (path: DocumentIssue['path'], message: string): void => void issues.push({ path, message });
  if (to !== 'everything' && to.resources === undefined && to.tags === undefined)
    report(['to'], 'to names resources or tags, or is everything');
  if (breakGlass === undefined && approvers === undefined)
    report([], 'say who approves: approvers, with groups or people; or breakGlass: true');
  if (breakGlass === true && quorum !== undefined)
    report(['quorum'], 'with breakGlass nobody is waited for; leave quorum out');
  for (const [key, people] of [
    ['who', who],
    ['approvers', approvers],
  ] as const) {
    if (people === undefined || people === 'everyone') continue;
    if (Object.keys(people).length === 0) report([key], 'name people or groups');
    for (const [place, group] of (people.groups ?? []).entries())
      if (!(document.groups ?? []).includes(group))
        report([key, 'groups', place], `group "${group}" is not declared; add it to groups`);
    for (const [place, person] of (people.people ?? []).entries())
      if (!/^[^@\s]+@[^@\s]+$/.test(person))
        report([key, 'people', place], `"${person}" is no e-mail address`);
  }
  const named = approvers?.people?.length ?? 0;
  if (approvers !== undefined && approvers.groups === undefined && quorum !== undefined && named < quorum)
    report(['quorum'], `${quorum} must agree, and ${named} may approve; name more people or a group`);
  const resources = document.resources ?? [];
  const target = to === 'everything' ? {} : to;
  for (const [place, name] of (target.resources ?? []).entries())
    if (!resources.some((resource) => resource.name === name))
      report(['to', 'resources', place], `resource "${name}" is not declared; add it to resources`);
  for (const [place, tag] of (target.tags ?? []).entries())
    if (!resources.some(({ tags }) => tags?.includes(tag) === true))
      report(['to', 'tags', place], `tag "${tag}" is not declared; add it to the tags of a resource`);
  for (const [place, name] of waives.entries()) {
    const policy = (document.policies ?? []).find((each) => each.name === name);
    if (policy === undefined)
      report(['waives', place], `policy "${name}" is not declared; waives names requires of this file`);
    else if (policy.require === undefined)
      report(['waives', place], `policy "${name}" is no require; only what is required can be waived`);
  }
  return issues;
}

/** What people are told travels over TLS; loopback is for trials. */
function urlIssue(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return `"${text}" is no URL`;
  if (url.username !== '' || url.password !== '')
    return 'a webhook is proven by its signature; leave the password out of the URL';
  if (url.protocol === 'https:') return undefined;
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\]|.+\.localhost)$/.test(url.hostname);
  return isLoopback ? undefined : 'a webhook has an https URL; http is for loopback alone';
}
