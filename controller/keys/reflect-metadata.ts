/**
 * The functions of the Reflect metadata proposal that @peculiar/x509's dependency container asks for when it is loaded, and
 * those that a second copy of the proposal in the same process, such as acme-client's, takes over from the first. Imported
 * before it; nothing of ours uses them.
 */
type Key = string | symbol;
type Metadata = Map<unknown, unknown>;

const own = new WeakMap<object, Metadata>();

function defineMetadata(name: unknown, value: unknown, target: object): void {
  const entries = own.get(target) ?? new Map<unknown, unknown>();
  entries.set(name, value);
  own.set(target, entries);
}

function getOwnMetadata(name: unknown, target: object): unknown {
  return own.get(target)?.get(name);
}

function hasOwnMetadata(name: unknown, target: object): boolean {
  return own.get(target)?.has(name) === true;
}

function getOwnMetadataKeys(target: object): unknown[] {
  return [...(own.get(target)?.keys() ?? [])];
}

function deleteMetadata(name: unknown, target: object): boolean {
  return own.get(target)?.delete(name) === true;
}

function getMetadata(name: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (hasOwnMetadata(name, at)) return getOwnMetadata(name, at);
  }
  return undefined;
}

function metadata(name: unknown, value: unknown): (target: object, property?: Key) => void {
  return (target, property) => {
    if (property === undefined) defineMetadata(name, value, target);
  };
}

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, {
    defineMetadata,
    deleteMetadata,
    getMetadata,
    getOwnMetadata,
    getOwnMetadataKeys,
    hasOwnMetadata,
    metadata,
  });
}
