/**
 * What directories really send, made what the standard says before SCIMMY reads it (RFC 7644). Entra ID writes booleans and
 * managers as texts and operations with a capital letter, and takes members away by a value; Okta replaces with a whole object
 * and no path. Bodies come from outside and are of no known form: what is not understood is left for SCIMMY to refuse.
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
const core = /^urn:ietf:params:scim:schemas:core:2\.0:(?:User|Group)(?::|$)/i;
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
/** Lists of which a single text is the value of the only entry. */
const lists = /^(emails|phoneNumbers|ims|photos|entitlements|roles|x509Certificates)$/i;

/** A whole user or group as it is posted or put. */
export function normalResource(body: unknown, schema: string): Json {
  if (!isObject(body)) return {};
  const rest = Object.fromEntries(
    Object.entries(body)
      .map(([key, value]) => [key.replace(core, ''), value] as const)
      .filter(([key, value]) => !readOnly.has(key) && !isForeign(key) && value !== null)
      .map(([key, value]) => [key, normalValue(key, value)]),
  );
  return { ...rest, schemas: enterprise in rest ? [schema, enterprise] : [schema] };
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
  const others = withAdded(
    operations.filter((each) => !isAboutMembers(each)),
    current,
  );
  const whole =
    members.length === 0 ? [] : [{ op: 'replace', path: 'members', value: membersAfter(members, current) }];
  return { schemas: [patchSchema], Operations: [...others, ...whole] };
}

/** One operation, or one for each key of an object that has no path; none about an extension that is not kept. */
function spread(operation: Json): PatchOperation[] {
  const { path, value } = operation;
  const given = operation['op'];
  const op = typeof given === 'string' ? given.toLowerCase() : '';
  const isWhole = typeof path !== 'string' || path.replace(core, '') === '';
  if (!isWhole) return operationAt(op, path.replace(core, ''), value);
  if (!isObject(value)) return [{ op, ...(value === undefined ? {} : { value }) }];
  return Object.entries(value).flatMap(([key, each]) => {
    const at = key.replace(core, '');
    if (readOnly.has(at)) return [];
    // An extension's attributes are below its name.
    if (at.startsWith('urn:') && isObject(each))
      return Object.entries(each).flatMap(([name, inner]) => operationAt(op, `${at}:${name}`, inner));
    return operationAt(op, at, each);
  });
}

function operationAt(op: string, path: string, value: unknown): PatchOperation[] {
  if (isForeign(path)) return [];
  const normal = path.replace(/\b(active|primary) eq "(true|false)"/i, (_, name: string, truth: string) =>
    [name, 'eq', truth.toLowerCase()].join(' '),
  );
  return [{ op, path: normal, ...(value === undefined ? {} : { value: normalValue(lastOf(path), value) }) }];
}

/** Whether a key or path is of an extension that nothing is kept of. */
function isForeign(path: string): boolean {
  return path.startsWith('urn:') && path !== enterprise && !path.startsWith(`${enterprise}:`);
}

/**
 * `emails[type eq "work"].value` of somebody who has no such address is added, since SCIMMY would find nothing to replace; what
 * else the same message says of that entry belongs to the one that is added.
 */
function withAdded(operations: readonly PatchOperation[], current: Json): PatchOperation[] {
  const added = new Map<string, Json>();
  return operations.flatMap((operation): PatchOperation[] => {
    const match = /^(\w+)\[(\w+) eq ("[^"\\]*"|true|false)\](?:\.(\w+))?$/i.exec(operation.path ?? '');
    if (match === null || operation.op === 'remove') return [operation];
    const [, list = '', key = '', text = '', attribute] = match;
    const wanted = JSON.parse(text) as unknown;
    const entries = Array.isArray(current[list]) ? (current[list] as unknown[]) : [];
    if (entries.some((entry) => isObject(entry) && entry[key] === wanted))
      return [{ ...operation, op: 'replace' }];
    const value = attribute === undefined ? operation.value : { [attribute]: operation.value };
    const place = `${list} ${key} ${text}`;
    const before = added.get(place);
    const entry = before ?? { [key]: wanted };
    if (isObject(value)) Object.assign(entry, value);
    added.set(place, entry);
    return before === undefined ? [{ op: 'add', path: list, value: [entry] }] : [];
  });
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

/** Booleans, managers and lists that came as text, and lists whose entries have some; `null` in an entry is nothing. */
function normalValue(key: string, value: unknown): unknown {
  if (/^(active|primary)$/i.test(key)) return asBoolean(value);
  if (/^manager$/i.test(key)) return asManager(value);
  if (lists.test(key) && typeof value === 'string') return value === '' ? [] : [{ value }];
  if (Array.isArray(value)) return value.map((each: unknown) => normalValue(key, each));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, normalValue(name, inner)]),
  );
}

/** The one of a list, the object of a text, and of it the id alone: addresses are of the directory's own. */
function asManager(value: unknown): unknown {
  const [one] = [value].flat();
  const id = isObject(one) ? one['value'] : one;
  return typeof id === 'string' && id !== '' ? { value: id } : {};
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
