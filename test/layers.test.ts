/**
 * The rule of the house: who may import whom, packages included (ARCHITECTURE.md shows the same table). A folder, an
 * edge or a package that is not listed here fails. What tests, scripts and the bench import is not limited, except
 * that packages must be declared.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importsOf } from './support/imports.ts';

interface Layer {
  /** Other layers it may import; its own files it always may. */
  imports: readonly string[];
  packages: readonly string[];
  /** Whether it may import `node:` modules. */
  node: boolean;
  /** Layers its code must not reach by any chain of imports either. */
  never?: readonly string[];
}

const programs = ['controller', 'relay', 'connector', 'client'];

/** By folder, from the root; a file belongs to the longest folder listed that contains it. */
const layers: Record<string, Layer> = {
  protocol: { imports: [], packages: ['jose', 'typebox'], node: true },
  'protocol/noise': { imports: ['protocol'], packages: ['@noble/ciphers', 'sodium-native'], node: true },
  'protocol/mux': { imports: ['protocol'], packages: [], node: true },
  'protocol/link': {
    imports: ['protocol', 'protocol/noise', 'protocol/mux'],
    packages: ['typebox', 'ws'],
    node: true,
  },
  'protocol/node': { imports: ['protocol', 'protocol/link'], packages: ['typebox', 'ws'], node: true },
  deploy: { imports: [], packages: [], node: true },
  policy: { imports: ['protocol'], packages: [], node: false, never: programs },
  controller: {
    imports: ['protocol', 'protocol/noise', 'protocol/mux', 'protocol/link', 'policy'],
    packages: [
      '@fastify/cookie',
      '@fastify/helmet',
      '@fastify/static',
      '@fastify/swagger',
      '@fastify/type-provider-typebox',
      '@peculiar/x509',
      '@simplewebauthn/server',
      'fastify',
      'jose',
      'kysely',
      // Codes for guests.
      'nodemailer',
      'openid-client',
      'otpauth',
      // Records on a server, and news between controllers.
      'pg',
      'pino',
      'redis',
      'scimmy',
      'typebox',
      'undici',
      'ws',
      'yaml',
    ],
    node: true,
    never: ['relay', 'connector', 'client'],
  },
  relay: {
    imports: ['protocol', 'protocol/mux', 'protocol/link'],
    packages: ['pino', 'ws'],
    node: true,
    never: ['protocol/noise', 'policy', 'controller', 'connector', 'client'],
  },
  connector: {
    imports: ['protocol', 'protocol/mux', 'protocol/link', 'protocol/node'],
    packages: ['@fastify/http-proxy', 'acme-client', 'fastify', 'jose', 'pino', 'typebox', 'undici'],
    node: true,
    never: ['policy', 'controller', 'relay', 'client'],
  },
  client: {
    imports: ['protocol', 'protocol/mux', 'protocol/link', 'protocol/node'],
    packages: ['dns-packet', 'koffi', 'typebox'],
    node: true,
    never: ['policy', 'controller', 'relay', 'connector'],
  },
  cli: {
    imports: ['protocol', 'protocol/mux', 'protocol/link', 'protocol/node', 'policy', ...programs],
    packages: ['commander', 'pino', 'typebox', 'undici', 'yaml'],
    node: true,
  },
  web: {
    imports: ['protocol'],
    packages: [
      '@simplewebauthn/browser',
      '@tanstack/react-query',
      '@tanstack/react-router',
      '@tanstack/react-virtual',
      'lucide-react',
      'radix-ui',
      'react',
      'react-dom',
      'yaml',
    ],
    node: false,
    never: [...programs, 'policy'],
  },
};

/** Folders of the connector: each may import its own files, those listed here and the protocol, so that they form no circle. */
const connectorFolders: Record<string, readonly string[]> = {
  'connector/dial': [],
  'connector/flows': ['connector/dial'],
  'connector/sessions': ['connector/dial', 'connector/flows'],
  'connector/web': ['connector/dial', 'connector/flows'],
};

/** Folders whose files may import every layer. */
const free = ['test', 'scripts', 'bench'];
/** Files that configure a tool and run in no program. */
const configuration = new Set(['web/vite.config.ts']);

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const declared = declaredPackages();

test('every file imports only what its layer may import, by type or by value', () => {
  assert.deepEqual(violations(sourceFiles()), []);
});

test('what the browser loads reaches no node: module', () => {
  assert.deepEqual(nodeModulesReached('web', sourceFiles()), []);
});

test('the folders of the connector import one another in one direction', () => {
  assert.deepEqual(connectorCircles(sourceFiles()), []);
  const back = new Map([['connector/dial/a.ts', `import type { B } from '../web/certificates/b.ts';`]]);
  assert.deepEqual(connectorCircles(back), ['connector/dial/a.ts imports connector/web/certificates/b.ts']);
  const root = new Map([['connector/flows/a.ts', `import { b } from '../connector.ts';`]]);
  assert.deepEqual(connectorCircles(root), ['connector/flows/a.ts imports connector/connector.ts']);
});

test('every function and every constant that is exported is imported somewhere', () => {
  assert.deepEqual(exportedForNobody(sourceFiles()), []);
  const files = new Map([
    [
      'relay/a.ts',
      'export const b = 1;\nexport async function c() {}\nexport const Schema = {};\nconst d = 2;',
    ],
    ['relay/e.ts', `import { b as f } from './a.ts';`],
  ]);
  assert.deepEqual(exportedForNobody(files), ['relay/a.ts exports c']);
});

for (const [what, path, source, expected] of [
  [
    'a program that imports another',
    'relay/a.ts',
    `import { b } from '../connector/b.ts';`,
    /relay may not import connector/,
  ],
  [
    'a type import across programs',
    'client/a.ts',
    `import type { B } from '../controller/b.ts';`,
    /client may not import controller/,
  ],
  ['an inline type', 'client/a.ts', `let b: typeof import('../relay/b.ts');`, /client may not import relay/],
  ['a re-export', 'protocol/a.ts', `export * from '../relay/b.ts';`, /protocol may not import relay/],
  [
    'a relay that imports noise',
    'relay/a.ts',
    `import { b } from '../protocol/noise/b.ts';`,
    /relay may not import protocol\/noise/,
  ],
  [
    'a policy that imports a folder of the protocol',
    'policy/a.ts',
    `import type { B } from '../protocol/link/b.ts';`,
    /policy may not import protocol\/link/,
  ],
  [
    'a policy that imports node:',
    'policy/a.ts',
    `import { hash } from 'node:crypto';`,
    /policy may not import node:crypto/,
  ],
  [
    'a package outside the table',
    'relay/a.ts',
    `import { Kysely } from 'kysely';`,
    /relay may not import the package kysely/,
  ],
  ['a package nobody declared', 'test/a.ts', `import 'left-pad';`, /left-pad is not in package\.json/],
  ['a computed import', 'client/a.ts', 'await import(name);', /imports something computed/],
  [
    'a required package',
    'client/a.ts',
    `const x = require("kysely");`,
    /client may not import the package kysely/,
  ],
  ['a folder nobody listed', 'protocol/new/a.ts', '', /protocol\/new is in no layer/],
  ['a top folder nobody listed', 'shared/a.ts', '', /shared is in no layer/],
] as const) {
  test(`the layer test catches ${what}`, () => {
    assert.match(violations(new Map([[path, source]])).join('\n'), expected);
  });
}

test('the layer test catches a forbidden layer behind an allowed one', () => {
  const files = new Map([
    ['relay/a.ts', `import { b } from '../protocol/link/b.ts';`],
    ['protocol/link/b.ts', `import { c } from '../noise/c.ts';`],
    ['protocol/noise/c.ts', ''],
  ]);
  assert.match(
    violations(files).join('\n'),
    /relay\/a\.ts reaches protocol\/noise through protocol\/link\/b\.ts/,
  );
});

test('the layer test catches a page that loads a node: module', () => {
  const files = new Map([
    ['web/a.tsx', `import { b } from '../protocol/b.ts';`],
    ['protocol/b.ts', `import fs from 'node:fs';`],
  ]);
  assert.deepEqual(nodeModulesReached('web', files), ['protocol/b.ts imports node:fs']);
});

/** Every breach of the table in `files` (path from the root → source), one sentence each. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, source] of files) {
    const layer = layerOf(path);
    if (layer === undefined) {
      found.push(`${dirname(path)} is in no layer`);
      continue;
    }
    for (const each of importsOf(path, source)) {
      const breach = breachOf(layer, each);
      if (breach !== undefined) found.push(`${path}: ${breach}`);
    }
    for (const forbidden of layers[layer]?.never ?? []) {
      const via = chainTo(path, forbidden, files);
      if (via !== undefined) found.push(`${path} reaches ${forbidden} through ${via}`);
    }
  }
  return found;
}

/**
 * Functions and constants of the programs that no other file imports, one sentence each. Schemas (in capitals) are types
 * too; names alone are compared, a file that loads another by `import()` may mean any of its words, and what is
 * loaded so may be used whole.
 */
function exportedForNobody(files: ReadonlyMap<string, string>): string[] {
  const imported = new Map<string, Set<string>>();
  for (const [path, source] of files) {
    const named = [...source.matchAll(/(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from/g)].flatMap(
      ([, list = '']) =>
        list.split(',').map(
          (each) =>
            each
              .trim()
              .replace(/^type /, '')
              .split(' as ')[0] ?? '',
        ),
    );
    const any = /\bimport\(|import \* as/.test(source) ? (source.match(/\w+/g) ?? []) : [];
    for (const name of [...named, ...any]) imported.set(name, (imported.get(name) ?? new Set()).add(path));
  }
  const loaded = new Set(
    [...files.values()].flatMap((source) =>
      [...source.matchAll(/import\('[^']*?([\w.-]+)'\)/g)].map(([, file]) => file),
    ),
  );
  return [...files].flatMap(([path, source]) => {
    if (free.includes(path.split('/')[0] ?? '') || loaded.has(path.split('/').at(-1))) return [];
    const exported = source.matchAll(/^export (?:async )?(?:const|function\*?) ([a-z]\w*)/gm);
    return [...exported].flatMap(([, name = '']) => {
      const by = imported.get(name) ?? new Set<string>();
      return [...by].some((other) => other !== path) ? [] : [`${path} exports ${name}`];
    });
  });
}

/** Imports inside the connector against `connectorFolders`, one sentence each. */
function connectorCircles(files: ReadonlyMap<string, string>): string[] {
  const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');
  return [...files].flatMap(([path, source]) => {
    const allowed = connectorFolders[folderOf(path)];
    if (allowed === undefined) return [];
    return importsOf(path, source).flatMap((each) => {
      if (each.kind !== 'file' || !each.path.startsWith('connector/')) return [];
      const target = folderOf(each.path);
      return target === folderOf(path) || allowed.includes(target) ? [] : [`${path} imports ${each.path}`];
    });
  });
}

function breachOf(layer: string, each: ReturnType<typeof importsOf>[number]): string | undefined {
  const rule = layers[layer];
  if (each.kind === 'package' && !declared.has(each.name)) return `${each.name} is not in package.json`;
  if (rule === undefined) return undefined;
  if (each.kind === 'file') {
    const target = layerOf(each.path) ?? dirname(each.path);
    const allowed = target === layer || rule.imports.includes(target);
    return allowed ? undefined : `${layer} may not import ${target}`;
  }
  if (each.kind === 'computed') return 'imports something computed';
  if (each.kind === 'node') return rule.node ? undefined : `${layer} may not import ${each.name}`;
  return rule.packages.includes(each.name) ? undefined : `${layer} may not import the package ${each.name}`;
}

/** The layer of a file: `free` folders and configuration count as one each; undefined where nobody listed it. */
function layerOf(path: string): string | undefined {
  if (configuration.has(path)) return 'scripts';
  const top = path.split('/')[0] ?? '';
  if (free.includes(top)) return top;
  // A new folder of the protocol is a new layer; a folder inside a program belongs to the program.
  const folder = top === 'protocol' ? dirname(path).split('/').slice(0, 2).join('/') : top;
  return folder in layers ? folder : undefined;
}

/** The first file on a chain of value imports from `start` into the layer `forbidden`, not counting direct ones. */
function chainTo(start: string, forbidden: string, files: ReadonlyMap<string, string>): string | undefined {
  for (const via of reachedFrom(start, files)) {
    if (via === start) continue;
    const reaches = valueImports(via, files).some((path) => layerOf(path) === forbidden);
    if (reaches) return via;
  }
  return undefined;
}

function nodeModulesReached(layer: string, files: ReadonlyMap<string, string>): string[] {
  const starts = [...files.keys()].filter((path) => layerOf(path) === layer);
  const reached = new Set(starts.flatMap((path) => [...reachedFrom(path, files)]));
  return [...reached].flatMap((path) =>
    importsOf(path, files.get(path) ?? '').flatMap((each) =>
      each.kind === 'node' && !each.typeOnly ? [`${path} imports ${each.name}`] : [],
    ),
  );
}

function reachedFrom(start: string, files: ReadonlyMap<string, string>): Set<string> {
  const reached = new Set([start]);
  for (const path of reached) for (const next of valueImports(path, files)) reached.add(next);
  return reached;
}

function valueImports(path: string, files: ReadonlyMap<string, string>): string[] {
  return importsOf(path, files.get(path) ?? '').flatMap((each) =>
    each.kind === 'file' && !each.typeOnly ? [each.path] : [],
  );
}

function sourceFiles(): Map<string, string> {
  const skip = new Set(['node_modules', 'dist', '.git']);
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !skip.has(entry.name),
  );
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder.name), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.(?:[cm]?[jt]s|[jt]sx)$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

function declaredPackages(): Set<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  return new Set(
    ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((key) =>
      Object.keys(manifest[key] ?? {}),
    ),
  );
}
