/**
 * Builds what the published package contains: `dist/` with the programs as JavaScript and, under `dist/web`, the
 * dashboard. Skips a part whose inputs have not changed since the last build, so that `npm test` and `npm run demo`
 * may call it every time.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const shared = ['package-lock.json', 'tsconfig.json'];

/**
 * Packages of many small modules that every program loads, and the file each becomes. From node_modules, TypeBox's 700
 * files take half of a program's start and a quarter of an idle client's memory.
 */
const gathered: Record<string, string> = {
  typebox: 'typebox',
  'typebox/compile': 'typebox-compile',
  'typebox/system': 'typebox-system',
  'typebox/value': 'typebox-value',
  jose: 'jose',
  commander: 'commander',
  'dns-packet': 'dns-packet',
  ws: 'ws',
};
/** Packages of which programs import one object, of whose members they use few. */
const objects: Record<string, string> = { typebox: 'Type', 'typebox/value': 'Value' };
const used = 'used:';

await buildPart('programs', 'dist', ['tsconfig.build.json', ...programFolders(), ...shared], async () => {
  for (const folder of programFolders()) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  execFileSync(bin('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  await gatherPackages(join(root, 'dist', 'packages'));
});
await buildPart('web', 'dist/web', ['web', 'protocol', ...shared], () => {
  execFileSync(bin('vite'), ['build', '--logLevel', 'warn'], { cwd: join(root, 'web'), stdio: 'inherit' });
});

function programFolders(): string[] {
  return ['cli', 'protocol', 'policy', 'controller', 'relay', 'connector', 'client'];
}

/** Writes the gathered packages and their licences to `folder`, and has the programs of `dist/` import them from there. */
async function gatherPackages(folder: string): Promise<void> {
  const sources = programFolders()
    .flatMap((name) => scriptsBelow(`dist/${name}`))
    .map((path) => readFileSync(join(root, path), 'utf8'));
  await bundle({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: true,
      target: 'node24',
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(gathered).map(([name, file]) => [file, `${used}${name}`])),
        plugins: [
          {
            name: 'used',
            resolveId: (id) => (id.startsWith(used) ? id : null),
            load: (id) => (id.startsWith(used) ? usedOf(id.slice(used.length), sources) : null),
          },
        ],
        preserveEntrySignatures: 'strict',
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: 'shared-[name].js',
          minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
        },
      },
    },
  });
  for (const name of new Set(Object.keys(gathered).map((path) => path.split('/', 1)[0] ?? path))) {
    const own = join(root, 'node_modules', name);
    const licence = readdirSync(own).find((file) => /^licen[cs]e/i.test(file));
    if (licence === undefined)
      throw new Error(`${name} comes without the licence that has to go along with it`);
    copyFileSync(join(own, licence), join(folder, `LICENSE.${name}`));
  }
  for (const path of [...programFolders(), 'packages'].flatMap((name) => scriptsBelow(`dist/${name}`))) {
    const file = join(root, path);
    const source = readFileSync(file, 'utf8');
    const rewritten = source.replace(/(?<=\bfrom ')[a-z/-]+(?=';)/g, (name) => {
      const target = Object.hasOwn(gathered, name) ? gathered[name] : undefined;
      if (target === undefined) return name;
      const path = relative(dirname(file), join(folder, `${target}.js`));
      return path.startsWith('.') ? path : `./${path}`;
    });
    writeFileSync(file, inLatin1(rewritten));
  }
}

/**
 * The same program without characters beyond Latin-1, of which one would make V8 keep the text of the whole file, for as long as
 * the program runs, with two bytes for each character.
 */
function inLatin1(source: string): string {
  return source.replace(
    /[^\0-\xff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A module that exports what `sources` import of a package: of its object only the members that they name. */
function usedOf(name: string, sources: readonly string[]): string {
  const imports = new RegExp(`^import \\{ (.*) \\} from '${name}';$`, 'm');
  const importing = sources.filter((source) => imports.test(source));
  const names = new Set(importing.flatMap((source) => imports.exec(source)?.[1]?.split(', ') ?? []));
  const object = objects[name];
  if (object === undefined) {
    const whole = sources.some((source) =>
      new RegExp(`^import \\w+(, \\{.*\\})? from '${name}';$`, 'm').test(source),
    );
    return `export { ${[...(whole ? ['default'] : []), ...names].join(', ')} } from '${name}';\n`;
  }
  const member = new RegExp(`\\b${object}\\.(\\w+)`, 'g');
  const members = new Set(
    importing.flatMap((source) => Array.from(source.matchAll(member), ([, found]) => found)),
  );
  const kept = Array.from(members, (key) => `${key}: all.${key}`).join(', ');
  return `import { ${object} as all } from '${name}';\nexport const ${object} = { ${kept} };\n`;
}

/** Runs `build` unless `target` already carries the digest of `inputs` (files or folders below the root). */
async function buildPart(
  name: string,
  target: string,
  inputs: string[],
  build: () => void | Promise<void>,
): Promise<void> {
  const stampFile = join(root, 'dist', `.${name}.digest`);
  const digest = digestOf(['scripts/build.ts', ...inputs]);
  const current = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (current === digest && existsSync(join(root, target))) return;
  rmSync(stampFile, { force: true });
  await build();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, digest);
}

function digestOf(inputs: string[]): string {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesBelow).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function scriptsBelow(path: string): string[] {
  return filesBelow(path).filter((file) => file.endsWith('.js'));
}

function filesBelow(path: string): string[] {
  if (!existsSync(join(root, path))) return [];
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
