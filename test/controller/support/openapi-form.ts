/**
 * Whether a value has the form of an OpenAPI 3.1 document: what the specification requires of the parts that Postern's API
 * has, every reference resolved, every template of a path declared. No validator of every corner.
 */

type Json = Record<string, unknown>;

const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);
const schemaTypes = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

/** What is wrong, one line each with its place; empty when nothing is. */
export function faultsOfOpenApi(document: unknown): string[] {
  const faults: string[] = [];
  const root = isObject(document) ? document : {};
  const fault = (place: string, what: string): void => void faults.push(`${place}: ${what}`);

  if (!/^3\.1\.\d+$/.test(text(root['openapi']))) fault('openapi', 'is not 3.1');
  const info = objectAt(root, 'info');
  for (const key of ['title', 'version', 'description'])
    if (text(info[key]) === '') fault(`info.${key}`, 'is missing');
  const schemes = objectAt(objectAt(root, 'components'), 'securitySchemes');
  for (const [name, scheme] of Object.entries(schemes)) checkScheme(`securitySchemes.${name}`, scheme);
  for (const [name, schema] of Object.entries(objectAt(objectAt(root, 'components'), 'schemas')))
    checkSchema(`schemas.${name}`, schema);
  const ids = new Set<string>();
  const paths = objectAt(root, 'paths');
  if (Object.keys(paths).length === 0) fault('paths', 'is missing');
  for (const [path, item] of Object.entries(paths)) {
    if (!path.startsWith('/')) fault(path, 'does not begin with /');
    if (/[:*]/.test(path)) fault(path, 'is no template');
    for (const [method, operation] of Object.entries(isObject(item) ? item : {})) {
      if (!methods.has(method)) fault(`${path}.${method}`, 'is no method');
      else checkOperation(`${method} ${path}`, path, isObject(operation) ? operation : {});
    }
  }
  checkReferences('', root);
  return faults;

  function checkOperation(place: string, path: string, operation: Json): void {
    const id = text(operation['operationId']);
    if (id === '' || ids.has(id)) fault(place, `the operationId "${id}" is missing or not unique`);
    ids.add(id);
    for (const key of ['summary', 'description'])
      if (text(operation[key]) === '') fault(place, `${key} is missing`);
    checkParameters(place, path, list(operation['parameters']));
    if (operation['requestBody'] !== undefined) {
      const body = objectAt(operation, 'requestBody');
      checkContent(`${place} requestBody`, body['content']);
    }
    checkSecurity(place, operation['security']);
    const responses = Object.entries(objectAt(operation, 'responses'));
    if (responses.length === 0) fault(place, 'has no responses');
    for (const [status, answer] of responses) {
      const here = `${place} ${status}`;
      if (!/^([1-5](\d\d|XX)|default)$/.test(status)) fault(here, 'is no status');
      const response = isObject(answer) ? answer : {};
      if (['', 'Default Response'].includes(text(response['description']))) fault(here, 'is not described');
      if (response['content'] !== undefined) checkContent(here, response['content']);
    }
  }

  function checkParameters(place: string, path: string, parameters: readonly unknown[]): void {
    const seen = new Set<string>();
    const templates = new Set([...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? ''));
    for (const each of parameters) {
      const parameter = isObject(each) ? each : {};
      const [name, where] = [text(parameter['name']), text(parameter['in'])];
      const here = `${place} parameter ${name}`;
      if (name === '' || !['path', 'query', 'header', 'cookie'].includes(where)) fault(here, 'has no place');
      if (seen.has(`${where} ${name}`)) fault(here, 'is there twice');
      seen.add(`${where} ${name}`);
      if (where === 'path' && parameter['required'] !== true) fault(here, 'is not required');
      if (where === 'path' && !templates.has(name)) fault(here, 'is not in the path');
      if (!isObject(parameter['schema'])) fault(here, 'has no schema');
      else checkSchema(here, parameter['schema']);
    }
    for (const name of templates) if (!seen.has(`path ${name}`)) fault(place, `{${name}} is not declared`);
  }

  function checkContent(place: string, content: unknown): void {
    const entries = Object.entries(isObject(content) ? content : {});
    if (entries.length === 0) fault(place, 'has no content');
    for (const [media, value] of entries) {
      if (!/^[\w*.+-]+\/[\w*.+-]+$/.test(media)) fault(place, `"${media}" is no media type`);
      const schema = isObject(value) ? value['schema'] : undefined;
      if (!isObject(schema)) fault(place, `${media} has no schema`);
      else checkSchema(place, schema);
    }
  }

  function checkSecurity(place: string, security: unknown): void {
    if (!Array.isArray(security)) return fault(place, 'does not say which security it needs');
    for (const requirement of security as unknown[])
      for (const name of Object.keys(isObject(requirement) ? requirement : {}))
        if (!Object.hasOwn(schemes, name)) fault(place, `the security "${name}" is not declared`);
  }

  function checkScheme(place: string, value: unknown): void {
    const scheme = isObject(value) ? value : {};
    const needs = { http: ['scheme'], apiKey: ['name', 'in'] }[text(scheme['type'])];
    if (needs === undefined) fault(place, 'has no type');
    for (const key of needs ?? []) if (text(scheme[key]) === '') fault(place, `${key} is missing`);
  }

  function checkSchema(place: string, value: unknown): void {
    if (typeof value === 'boolean') return;
    if (!isObject(value)) return fault(place, 'a schema is neither an object nor a boolean');
    for (const type of [value['type'] ?? []].flat())
      if (!schemaTypes.has(text(type))) fault(place, `"${text(type)}" is no type`);
    if ('nullable' in value) fault(place, 'nullable is of 3.0');
    const properties = objectAt(value, 'properties');
    for (const name of list(value['required']))
      if (!Object.hasOwn(properties, text(name))) fault(place, `"${text(name)}" is required and not there`);
    for (const [name, each] of Object.entries(properties)) checkSchema(`${place}.${name}`, each);
    for (const key of ['items', 'additionalProperties', 'not'])
      if (value[key] !== undefined) checkSchema(`${place}.${key}`, value[key]);
    for (const key of ['anyOf', 'oneOf', 'allOf'])
      for (const each of list(value[key])) checkSchema(`${place}.${key}`, each);
    const { enum: choices } = value;
    if (choices !== undefined && list(choices).length === 0) fault(place, 'an enum is empty');
  }

  function checkReferences(place: string, value: unknown): void {
    if (!isObject(value) && !Array.isArray(value)) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === '$ref' && !resolves(text(each))) fault(place, `${text(each)} leads nowhere`);
      checkReferences(`${place}/${key}`, each);
    }
  }

  function resolves(reference: string): boolean {
    if (!reference.startsWith('#/')) return false;
    let value: unknown = root;
    for (const step of reference.slice(2).split('/'))
      value = isObject(value) ? value[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
    return value !== undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(value: Json, key: string): Json {
  const found = value[key];
  return isObject(found) ? found : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
