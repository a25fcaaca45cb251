/**
 * A document as the text of `postern.yaml` that `apply` takes back. Secrets, which the schema marks `writeOnly` and no
 * controller shows, become variables with a comment; everything else stands as it was applied.
 */
import { Document, isScalar, visit } from 'yaml';
import { OrganisationDocument } from '../protocol/organisation-document.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly writeOnly?: boolean;
}

const schemaOfDocument = JSON.parse(JSON.stringify(OrganisationDocument)) as Schema;

type Json = Readonly<Record<string, unknown>>;

/** @param remark what stands above it */
export function exportYaml(document: object, remark: string): string {
  const variables = new Set<string>();
  const value = withVariables(schemaOfDocument, document, [], variables);
  const yaml = new Document(value);
  yaml.commentBefore = ` ${remark}`;
  visit(yaml, {
    Map(_, node) {
      if (!variables.has(String(node.get('env')))) return;
      node.flow = true;
      node.comment = ' never shown: set this variable to the secret in use';
    },
    // Short lists of words read best on one line.
    Seq(_, node) {
      const words = node.items.map((item) => (isScalar(item) ? String(item.value) : undefined));
      node.flow = words.every((word) => word !== undefined) && words.join(', ').length <= 80;
    },
  });
  return yaml.toString({ lineWidth: 0 });
}

/** The value with `{ env: NAME }` wherever its schema has a secret. */
function withVariables(
  schema: Schema,
  value: unknown,
  path: readonly string[],
  variables: Set<string>,
): unknown {
  if (Array.isArray(value)) {
    const list = value as unknown[];
    if (schema.items === undefined) return list;
    const { items } = schema;
    return list.map((item, index) =>
      withVariables(items, item, [...path, nameOf(item) ?? String(index)], variables),
    );
  }
  if (typeof value !== 'object' || value === null) return value;
  const { properties = {}, required = [] } = branchOf(schema, value as Json);
  const result: Record<string, unknown> = {};
  const inOrder = Object.keys(properties);
  const entries = Object.entries(value).toSorted(([a], [b]) => inOrder.indexOf(a) - inOrder.indexOf(b));
  for (const [key, entry] of entries) {
    const below = properties[key];
    if (below?.writeOnly !== true)
      result[key] = below === undefined ? entry : withVariables(below, entry, [...path, key], variables);
  }
  for (const [key, below] of Object.entries(properties)) {
    if (below.writeOnly !== true || !(required.includes(key) || key in value)) continue;
    const name = variableName([...path, key]);
    variables.add(name);
    result[key] = { env: name };
  }
  return result;
}

/** Of a union, the branch that has the keys of the value. */
function branchOf(schema: Schema, value: Json): Schema {
  const keys = Object.keys(value);
  return (
    schema.anyOf?.find(({ properties }) => keys.every((key) => properties?.[key] !== undefined)) ?? schema
  );
}

function nameOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}

/** `identityProviders`, `corp`, `clientSecret`: `CORP_CLIENT_SECRET`; the list's own name goes without saying. */
function variableName(path: readonly string[]): string {
  return path
    .slice(1)
    .map((part) => part.replaceAll(/([a-z])([A-Z])/g, '$1_$2').replaceAll(/[^A-Za-z0-9]+/g, '_'))
    .join('_')
    .toUpperCase();
}
