/**
 * What directories really send, made what the standard says before SCIMMY reads it (RFC 7644). Entra ID writes booleans as
 * texts and operations with a capital letter, and takes members away by a value; Okta replaces with a whole object and no
 * path. Bodies come from outside and are of no known form: what is not understood is left for SCIMMY to refuse.
 */
type Json = Record<string, unknown>;

export interface PatchOperation {
  readonly op: string;
  readonly path?: string;
  readonly value?: unknown;
}

const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** Attributes that are no caller's to set: Okta sends them back as it read them. */
const readOnly = new Set(['id', 'schemas', 'meta', 'groups']);

/** A whole user or group as it is posted or put. */
export function normalResource(body: unknown, schema: string): Json {
  if (!isObject(body)) return {};
  const rest = Object.fromEntries(
    Object.entries(body)
      .filter(([key, value]) => !(key !== 'schemas' && readOnly.has(key)) && value !== null)
      .map(([key, value]) => [key, normalValue(key, value)]),
  );
  const schemas = Array.isArray(rest['schemas']) && rest['schemas'].length > 0 ? rest['schemas'] : [schema];
  return { ...rest, schemas };
}

/**
 * The operations of a PATCH, each with a path where it can have one. `current` is what they are applied to: members are
 * worked out whole, and an entry of a list that is not there yet is added.
 */
export function normalPatch(
  body: unknown,
  current: Json,
): { schemas: string[]; Operations: PatchOperation[] } {
  const given = isObject(body) ? (body['Operations'] ?? body['operations']) : undefined;
  const list = Array.isArray(given) ? (given as unknown[]) : [];
  const operations = list.flatMap((each) => (isObject(each) ? spread(each) : []));
  const isAboutMembers = ({ path }: PatchOperation): boolean => /^members(\[|$)/i.test(path ?? '');
  const members = operations.filter(isAboutMembers);
  const others = operations.filter((each) => !isAboutMembers(each)).map((each) => addable(each, current));
  const whole =
    members.length === 0 ? [] : [{ op: 'replace', path: 'members', value: membersAfter(members, current) }];
  return { schemas: [patchSchema], Operations: [...others, ...whole] };
}

/** One operation, or one for each key of an object that has no path. */
function spread(operation: Json): PatchOperation[] {
  const { path, value } = operation;
  const given = operation['op'];
  const op = typeof given === 'string' ? given.toLowerCase() : '';
  if (typeof path === 'string' && path !== '')
    return [{ op, path, ...(value === undefined ? {} : { value: normalValue(lastOf(path), value) }) }];
  if (!isObject(value)) return [{ op, ...(value === undefined ? {} : { value }) }];
  return Object.entries(value).flatMap(([key, each]) => {
    if (readOnly.has(key)) return [];
    // An extension's attributes are below its name.
    if (key.startsWith('urn:') && isObject(each))
      return Object.entries(each).map(([name, inner]) => ({
        op,
        path: `${key}:${name}`,
        value: normalValue(name, inner),
      }));
    return [{ op, path: key, value: normalValue(lastOf(key), each) }];
  });
}

/** `emails[type eq "work"].value` of somebody who has no such address is added; SCIMMY would find nothing to replace. */
function addable(operation: PatchOperation, current: Json): PatchOperation {
  const match = /^(\w+)\[(\w+) eq "([^"\\]*)"\](?:\.(\w+))?$/i.exec(operation.path ?? '');
  if (match === null || operation.op === 'remove') return operation;
  const [, list = '', key = '', wanted = '', attribute] = match;
  const entries = Array.isArray(current[list]) ? (current[list] as unknown[]) : [];
  const isThere = entries.some((entry) => isObject(entry) && String(entry[key]) === wanted);
  if (isThere) return { ...operation, op: 'replace' };
  const value = attribute === undefined ? operation.value : { [attribute]: operation.value };
  return { op: 'add', path: list, value: [{ [key]: wanted, ...(isObject(value) ? value : {}) }] };
}

function membersAfter(operations: readonly PatchOperation[], current: Json): { value: string }[] {
  let members = new Set(valuesOf(current['members']));
  for (const { op, path = '', value } of operations) {
    const named = /^members\[value eq "([^"\\]*)"\]$/i.exec(path)?.[1];
    const values = named === undefined ? valuesOf(value) : [named];
    if (op === 'remove') {
      // Without any, all of them (RFC 7644 section 3.5.2.2).
      if (named === undefined && value === undefined) members.clear();
      for (const each of values) members.delete(each);
    } else if (op === 'replace') members = new Set(values);
    else for (const each of values) members.add(each);
  }
  return [...members].map((value) => ({ value }));
}

function valuesOf(value: unknown): string[] {
  return [value].flat().flatMap((each: unknown) => {
    if (typeof each === 'string') return [each];
    const inner = isObject(each) ? each['value'] : undefined;
    return typeof inner === 'string' ? [inner] : [];
  });
}

/** Booleans that came as text, and lists whose entries have some; `null` in an entry is nothing. */
function normalValue(key: string, value: unknown): unknown {
  if (/^(active|primary)$/i.test(key)) return asBoolean(value);
  if (Array.isArray(value)) return value.map((each: unknown) => normalValue(key, each));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, normalValue(name, inner)]),
  );
}

function asBoolean(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (/^true$/i.test(value)) return true;
  return /^false$/i.test(value) ? false : value;
}

/** The last part of a path, by which its value is known. */
function lastOf(path: string): string {
  return path.split(/[.:]/).at(-1) ?? path;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
