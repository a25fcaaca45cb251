/**
 * Addresses, names, ports and zones of a document: forms that two programs could read differently are refused here, so
 * that client, connector and policy always mean the same thing (SECURITY SEC-F1).
 */
import { isIP } from 'node:net';
import type { OrganisationDocument, ResourceDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import {
  isWildcard,
  isWithin,
  matchesPattern,
  parseName,
  parsePattern,
  type Name,
  type Pattern,
} from '../../protocol/names.ts';
import { parsePortRange } from '../../protocol/ports.ts';
import { unclaimable } from './public-suffix.ts';
import { documentZones, isRange, isStrictLiteral, resourceHosts } from './resource-hosts.ts';

type Report = (path: (string | number)[], message: string) => void;

/** What is wrong with names and addresses; `controllerHost` is reserved. */
export function addressIssues(document: OrganisationDocument, controllerHost: string): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const report: Report = (path, message) => void issues.push({ path, message });
  const controller = parseName(controllerHost);
  const zones = documentZones(document);
  const owners = new Map<Pattern, string>();

  for (const [index, zone] of (document.zones ?? []).entries()) {
    if (zone !== '') reportZone(zone, ['zones', index], controller, report);
  }
  for (const [index, resource] of (document.resources ?? []).entries()) {
    if (resource.address === '') continue;
    const at: Report = (path, message) => report(['resources', index, ...path], message);
    reportAddress(resource, at);
    reportAlias(resource, at);
    for (const [place, text] of resource.ports.entries()) {
      if (parsePortRange(text) === undefined) {
        at(
          ['ports', place],
          `"${text}" is no port; write tcp/443, tcp/8000-8099 or udp/53, within 1 to 65535`,
        );
      }
    }
    for (const [place, text] of (resource.within ?? []).entries()) {
      const wrong = cidrIssue(text);
      if (wrong !== undefined) at(['within', place], wrong);
    }
    for (const host of resourceHosts(resource)) {
      const isAlias = isRange(resource.address) || host === resource.alias?.toLowerCase();
      const key = isAlias ? 'alias' : 'address';
      const owner = owners.get(host);
      if (owner !== undefined) at([key], `"${host}" already belongs to the resource "${owner}"`);
      else owners.set(host, resource.name);
      reportHost(host, controller, zones, (message) => at([key], message));
    }
  }
  return issues;
}

function reportZone(
  text: string,
  path: (string | number)[],
  controller: Name | undefined,
  report: Report,
): void {
  const zone = parseName(text);
  if (zone === undefined) {
    report(path, `"${text}" is no zone; write a suffix such as acme.internal, without a wildcard`);
    return;
  }
  const reason = unclaimable(zone);
  if (reason !== undefined) report(path, `"${text}" cannot be a zone: ${reason}`);
  else if (controller !== undefined && isWithin(controller, zone)) {
    report(path, `"${text}" cannot be a zone: the controller's own name lies in it`);
  }
}

function reportAddress({ address, alias }: ResourceDocument, report: Report): void {
  if (isRange(address)) {
    const wrong = rangeIssue(address);
    if (wrong !== undefined) report(['address'], wrong);
    else if (alias === undefined)
      report(
        ['alias'],
        `the network ${address} needs an alias such as lab.acme.internal; its hosts are 10-20-0-5.lab.acme.internal`,
      );
    return;
  }
  if (isStrictLiteral(address)) {
    if (alias === undefined)
      report(['alias'], `the address literal ${address} needs an alias, the name people use`);
    return;
  }
  if (parsePattern(address) !== undefined) return;
  if (isIP(address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')) !== 0) {
    report(['address'], `"${address}" is no plain address literal; write it without brackets and scope`);
  } else if (/^[0-9a-fx.:]+$/i.test(address)) {
    report(
      ['address'],
      `"${address}" is no strict address literal; write four decimal numbers without leading zeros, or IPv6`,
    );
  } else if (address.includes('*')) {
    report(['address'], `"${address}" is no wildcard; write *. and a suffix of at least two labels`);
  } else {
    report(
      ['address'],
      `"${address}" is neither a name nor an address; write a name such as wiki.acme.internal`,
    );
  }
}

function reportAlias({ address, alias }: ResourceDocument, report: Report): void {
  if (alias === undefined) return;
  if (parseName(alias) === undefined) {
    report(['alias'], `"${alias}" is no name; an alias is one exact name such as printer.acme.internal`);
  } else if (isRange(address) && !alias.includes('.')) {
    report(['alias'], `"${alias}" is too short; the alias of a network has at least two labels`);
  } else if (address.startsWith('*.'))
    report(['alias'], 'a wildcard has no alias; its names are used as they are');
}

function reportHost(
  host: Pattern,
  controller: Name | undefined,
  zones: readonly Name[],
  report: (message: string) => void,
): void {
  const name = (isWildcard(host) ? host.slice(2) : host) as Name;
  const reason = unclaimable(name);
  if (reason !== undefined) report(`"${host}" cannot be used: ${reason}`);
  else if (controller !== undefined && matchesPattern(host, controller)) {
    report(`"${host}" cannot be used: it is or covers the controller's own name`);
  } else if (!zones.some((zone) => isWithin(name, zone))) {
    report(`"${host}" lies in none of the zones; add its suffix to zones`);
  }
}

function cidrIssue(text: string): string | undefined {
  const [address = '', bits = '', rest] = text.split('/');
  const family = isStrictLiteral(address) ? isIP(address) : 0;
  const valid = family !== 0 && rest === undefined && /^(0|[1-9]\d{0,2})$/.test(bits);
  if (valid && Number(bits) <= (family === 4 ? 32 : 128)) return undefined;
  return `"${text}" is no network; write it like 10.20.0.0/16`;
}

/** Wider than this is no network of one purpose, which a policy could speak of. */
const shortestPrefix = { 4: 8, 6: 32 } as const;

function rangeIssue(text: string): string | undefined {
  const wrong = cidrIssue(text);
  if (wrong !== undefined) return wrong;
  const [base = '', prefix = ''] = text.split('/');
  const shortest = shortestPrefix[isIP(base) === 4 ? 4 : 6];
  return Number(prefix) < shortest ? `"${text}" is too wide; a network has at least /${shortest}` : undefined;
}
