/**
 * The web doors of a document: each public hostname belongs to one resource and leads nowhere else, origins can be read in
 * one way, and headers and rules mean what they say.
 */
import { X509Certificate } from 'node:crypto';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import type { WebDocument } from '../../protocol/web-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import {
  isWildcard,
  isWithin,
  matchesPattern,
  parseName,
  parsePattern,
  type Name,
  type Pattern,
} from '../../protocol/names.ts';
import { unclaimable } from './public-suffix.ts';
import { isStrictLiteral, resourceHosts } from './resource-hosts.ts';
import { hostnameTexts, isWildcardDoor, isWildcardOrigin, originTexts, parseOrigin } from './resource-web.ts';

type Path = (string | number)[];
type Report = (path: Path, message: string) => void;

/** A connector's ticket names all of them. */
const hostnameBytesOfNetwork = 8_192;
/** What a trial's names lie below: browsers take them for this machine. */
const trialSuffix = 'postern.localhost' as Name;
const placeholders = new Set(['email', 'name', 'user', 'groups', 'jwt']);
/** Headers that the proxy answers for; nobody else sets them. */
const ownHeaders =
  /^(host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|cookie|forwarded|via|postern-.*|remote-(user|email|name|groups)|x-forwarded-.*|x-real-ip|proxy-.*|sec-.*)$/i;

/** What is wrong with the web doors; `reserved` are the hosts of controller and relays. */
export function webIssues(document: OrganisationDocument, reserved: readonly string[]): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const taken = reserved.flatMap((host) => parseName(host) ?? []);
  const owners = new Map<Pattern, string>();
  const inside = new Map<Pattern, string>();
  for (const resource of document.resources ?? [])
    for (const host of resourceHosts(resource)) inside.set(host, resource.name);
  const bytes = new Map<string, number>();
  for (const [index, { name, network, web }] of (document.resources ?? []).entries()) {
    if (web === undefined) continue;
    const report: Report = (path, message) =>
      void issues.push({ path: ['resources', index, 'web', ...path], message });
    if ((web.hostname === undefined) === (web.hostnames === undefined))
      report([], 'a web door has one hostname, or several as hostnames');
    if ((web.origin === undefined) === (web.origins === undefined))
      report([], 'a web door has one origin, or several as origins');
    for (const [place, text] of hostnameTexts(web).entries()) {
      const at: Report = (_path, message) =>
        report(web.hostnames === undefined ? ['hostname'] : ['hostnames', place], message);
      const pattern = parsePattern(text);
      if (pattern === undefined) {
        at([], `"${text}" is no hostname; write a name such as wiki.acme.example, or *. and a suffix`);
        continue;
      }
      const owner = owners.get(pattern);
      const other = inside.get(pattern);
      if (owner !== undefined) at([], `"${text}" already belongs to the resource "${owner}"`);
      else if (other !== undefined && other !== name)
        at([], `"${text}" is already the address of the resource "${other}"`);
      owners.set(pattern, name);
      const wrong = hostnameIssue(pattern, taken);
      if (wrong !== undefined) at([], `"${text}" cannot be used: ${wrong}`);
      const sum = (bytes.get(network) ?? 0) + pattern.length + 3;
      if (sum > hostnameBytesOfNetwork && (bytes.get(network) ?? 0) <= hostnameBytesOfNetwork)
        at([], `the network "${network}" has too many public hostnames; use a wildcard, or another network`);
      bytes.set(network, sum);
    }
    reportOrigins(web, report);
    reportHeaders(web, report);
    reportRules(web, new Set(document.groups), report);
  }
  return issues;
}

/** Why a well-formed hostname cannot be one; undefined when it can. */
function hostnameIssue(pattern: Pattern, reserved: readonly Name[]): string | undefined {
  const name = (isWildcard(pattern) ? pattern.slice(2) : pattern) as Name;
  if (reserved.some((host) => matchesPattern(pattern, host)))
    return 'it is or covers the name of the controller or of a relay';
  if (name !== trialSuffix && isWithin(name, trialSuffix)) return undefined;
  if (isWildcard(pattern) && name === trialSuffix) return undefined;
  return unclaimable(name);
}

function reportOrigins(web: WebDocument, report: Report): void {
  const texts = originTexts(web);
  for (const [place, text] of texts.entries()) {
    const at = (message: string): void =>
      report(web.origins === undefined ? ['origin'] : ['origins', place], message);
    const origin = parseOrigin(text);
    if (origin === undefined) {
      at(`"${text}" is no origin; write http://wiki.acme.internal:80, without a path`);
      continue;
    }
    if (isWildcardOrigin(origin) && !isWildcardDoor(web))
      at(`"${text}" has a wildcard, and not every hostname is one; write the name of the origin`);
    const host = origin.slice(origin.indexOf('//') + 2, origin.lastIndexOf(':')).replace(/^\*\./, '');
    if (parseName(host) === undefined && !isStrictLiteral(host.replace(/^\[|\]$/g, '')))
      at(`"${text}" leads to neither a name nor an address`);
  }
  const isHttps = texts.some((text) => parseOrigin(text)?.startsWith('https:') === true);
  for (const key of ['originCa', 'originName', 'originInsecure'] as const)
    if (web[key] !== undefined && !isHttps) report([key], `${key} is for origins over https`);
  if (web.originInsecure !== undefined && web.originCa !== undefined)
    report(['originInsecure'], 'an origin is checked with originCa or not at all; leave one of them out');
  if (web.originCa !== undefined && !isCertificate(web.originCa))
    report(['originCa'], 'originCa is no certificate in PEM');
  if (web.originName !== undefined && parseName(web.originName) === undefined)
    report(['originName'], `"${web.originName}" is no name`);
  const answerMs = web.answerWithin === undefined ? 60_000 : parseDuration(web.answerWithin);
  if (answerMs === undefined || answerMs < 1_000 || answerMs > 3_600_000)
    report(['answerWithin'], 'an origin has 1s to 1h to begin its answer');
  const every = web.health?.every === undefined ? undefined : parseDuration(web.health.every);
  if (web.health?.every !== undefined && (every === undefined || every < 1_000 || every > 3_600_000))
    report(['health', 'every'], 'an origin is asked every 1s to 1h');
  if (web.host !== undefined && !isHostSetting(web.host))
    report(['host'], `"${web.host}" is no host; write hostname, origin, or a name with an optional port`);
}

function reportHeaders({ headers, allowOrigins }: WebDocument, report: Report): void {
  const seen = new Set<string>();
  for (const [name, template] of Object.entries(headers ?? {})) {
    if (ownHeaders.test(name)) report(['headers', name], `"${name}" is set by Postern itself`);
    if (seen.has(name.toLowerCase())) report(['headers', name], `"${name}" stands twice`);
    seen.add(name.toLowerCase());
    const unknown = [...template.matchAll(/\{\{(.*?)\}\}/g)].find(
      ([, key]) => !placeholders.has((key ?? '').trim()),
    );
    if (unknown !== undefined)
      report(['headers', name], `"${unknown[0]}" is not known; there are ${[...placeholders].join(', ')}`);
  }
  for (const [place, text] of (allowOrigins ?? []).entries())
    if (URL.parse(text)?.origin !== text)
      report(['allowOrigins', place], `"${text}" is no origin; write https://app.acme.example`);
}

function reportRules({ rules }: WebDocument, groups: ReadonlySet<string>, report: Report): void {
  for (const [index, rule] of (rules ?? []).entries()) {
    for (const [place, path] of rule.paths.entries())
      if (path.replace(/\/\*$/, '').includes('*') || /[?#\\%]/.test(path) || path.includes('/../'))
        report(
          ['rules', index, 'paths', place],
          `"${path}" is no path; write /exact, or /prefix/* for all below it`,
        );
    const asks = rule.groups !== undefined || rule.signIn !== undefined;
    if (rule.effect === 'require' && !asks)
      report(['rules', index], 'a rule that requires names groups or signIn; signing in is asked anyway');
    if (rule.effect !== 'require' && asks)
      report(['rules', index], `groups and signIn go with effect: require, not ${rule.effect}`);
    for (const [place, group] of (rule.groups ?? []).entries())
      if (!groups.has(group))
        report(['rules', index, 'groups', place], `group "${group}" is not declared; add it to groups`);
    if (rule.signIn !== undefined && parseDuration(rule.signIn) === undefined)
      report(['rules', index, 'signIn'], 'a duration is at most a year');
  }
}

/** Whether it says which Host an origin is sent: its own, the public one, or this text. */
export function isHostSetting(text: string): boolean {
  return text === 'origin' || text === 'hostname' || isAuthority(text);
}

function isAuthority(text: string): boolean {
  const [host = '', port, ...rest] = text.split(':');
  return rest.length === 0 && parseName(host) !== undefined && (port === undefined || /^\d{1,5}$/.test(port));
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
