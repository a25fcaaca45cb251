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
};

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
        input: Object.fromEntries(Object.entries(gathered).map(([name, file]) => [file, name])),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js', chunkFileNames: 'shared-[name].js' },
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
  for (const path of programFolders().flatMap((name) => filesBelow(`dist/${name}`))) {
    if (!path.endsWith('.js')) continue;
    const file = join(root, path);
    const source = readFileSync(file, 'utf8');
    const rewritten = source.replace(/(?<=\bfrom ')[a-z/]+(?=';)/g, (name) => {
      const target = Object.hasOwn(gathered, name) ? gathered[name] : undefined;
      if (target === undefined) return name;
      const path = relative(dirname(file), join(folder, `${target}.js`));
      return path.startsWith('.') ? path : `./${path}`;
    });
    if (rewritten !== source) writeFileSync(file, rewritten);
  }
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

function filesBelow(path: string): string[] {
  if (!existsSync(join(root, path))) return [];
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
