/**
 * Builds what the published package contains: `dist/` with the programs as JavaScript and, under `dist/web`, the
 * dashboard. Skips a part whose inputs have not changed since the last build, so that `npm test` and `npm run demo`
 * may call it every time.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const shared = ['package-lock.json', 'tsconfig.json'];

buildPart('programs', 'dist', ['tsconfig.build.json', ...programFolders(), ...shared], () => {
  for (const folder of programFolders()) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  execFileSync(bin('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
});
buildPart('web', 'dist/web', ['web', 'protocol', ...shared], () => {
  execFileSync(bin('vite'), ['build', '--logLevel', 'warn'], { cwd: join(root, 'web'), stdio: 'inherit' });
});

function programFolders(): string[] {
  return ['cli', 'protocol', 'policy', 'controller', 'relay', 'connector', 'client'];
}

/** Runs `build` unless `target` already carries the digest of `inputs` (files or folders below the root). */
function buildPart(name: string, target: string, inputs: string[], build: () => void): void {
  const stampFile = join(root, 'dist', `.${name}.digest`);
  const digest = digestOf(inputs);
  const current = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (current === digest && existsSync(join(root, target))) return;
  rmSync(stampFile, { force: true });
  build();
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
  const entries = readdirSync(root, { withFileTypes: true }).find((entry) => entry.name === path);
  if (entries?.isFile() === true) return [path];
  return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
