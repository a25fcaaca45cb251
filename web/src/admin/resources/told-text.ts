/** What the application behind a public hostname is told of somebody: the headers of one request, and what its assertion says. */
import type { Me } from '../../../../protocol/portal.ts';
import type { WebDocument } from '../../../../protocol/web-document.ts';

export interface Told {
  /** The public hostname, and the audience of the assertion. */
  readonly host: string;
  readonly audience: string;
  /** One a line, as the application receives them. */
  readonly headers: string;
  /** The assertion as it reads when it is decoded. */
  readonly assertion: string;
}

const shortened = 'eyJhbGciOiJFUzI1NiIs...';
const lifeS = 300;

/** @param resource its id, which is the audience unless said */
export function toldOf(
  { person }: Pick<Me, 'person'>,
  { hostname, hostnames = [], audience, headers = {} }: WebDocument,
  resource: string,
  nowMs: number,
): Told {
  const host = hostname ?? hostnames[0] ?? '';
  const iat = Math.floor(nowMs / 1_000);
  const groups = person.groups.join(',');
  const values: Readonly<Record<string, string>> = {
    email: person.email ?? '',
    name: person.name,
    user: person.id,
    groups,
    jwt: shortened,
  };
  const sent: [string, string][] = [
    ['Remote-User', person.email ?? person.id],
    ...(person.email === undefined ? [] : [['Remote-Email', person.email] as [string, string]]),
    ['Remote-Name', person.name],
    ['Remote-Groups', groups],
    ['Postern-Assertion', shortened],
    ...Object.entries(headers).map(([name, template]): [string, string] => [
      name,
      template.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) =>
        Object.hasOwn(values, key) ? (values[key] ?? '') : '',
      ),
    ]),
  ];
  const heldBy = audience ?? resource;
  const claims = {
    iss: `https://${host}`,
    aud: heldBy,
    sub: person.id,
    ...(person.email === undefined ? {} : { email: person.email }),
    name: person.name,
    groups: person.groups,
    door: 'web',
    iat,
    exp: iat + lifeS,
  };
  return {
    host,
    audience: heldBy,
    headers: sent.map(([name, value]) => `${name}: ${asSent(value)}`).join('\n'),
    assertion: `${objectText({ alg: 'ES256', typ: 'postern-assertion+jwt' })}\n${objectText(claims)}`,
  };
}

/** What is not ASCII is percent-encoded UTF-8. */
function asSent(value: string): string {
  return value.replaceAll(/[^\u0020-\u007e]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

/** One entry a line, lists within it. */
function objectText(entries: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(entries).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{\n${lines.join(',\n')}\n}`;
}
