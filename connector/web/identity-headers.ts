/** Who is told to an origin, as headers: plain ones, the signed assertion, and those a resource asks for by template. */
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import type { Right } from '../flows/right.ts';

const assertionHeader = 'postern-assertion';

/** The headers of this person, the assertion included. */
export function identityHeaders(
  web: ConnectorWeb,
  right: Right,
  jwt: string,
): [name: string, value: string][] {
  const { email, name, groups } = right.who;
  const list: [string, string][] = [
    [assertionHeader, jwt],
    ['remote-user', email ?? right.sub],
    ['remote-name', name],
    ['remote-groups', groups.join(',')],
  ];
  if (email !== undefined) list.push(['remote-email', email]);
  const values: Record<string, string> = {
    email: email ?? '',
    name,
    user: right.sub,
    groups: groups.join(','),
    jwt,
  };
  for (const [header, template] of Object.entries(web.headers)) {
    list.push([
      header.toLowerCase(),
      template.replace(/\{\{(\w+)\}\}/g, (_, key: string) =>
        Object.hasOwn(values, key) ? (values[key] ?? '') : '',
      ),
    ]);
  }
  return list;
}

/** Templates that carry the signed assertion or anybody's name are not to be sent from outside, either. */
export function reservedHeaders(web: ConnectorWeb): readonly string[] {
  return Object.keys(web.headers);
}
