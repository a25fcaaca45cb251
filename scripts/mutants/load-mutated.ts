/**
 * Loaded before the tests of one mutant (`node --import`): hands Node the mutated text of one source file instead of the
 * file's own. Nothing on disk changes, so that a run which is interrupted leaves nothing behind.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The variable that carries file, guard and replacement, as JSON. */
export const variable = 'POSTERN_MUTANT';

const chosen = process.env[variable];
if (chosen !== undefined) mutate(JSON.parse(chosen) as { file: string; guard: string; without: string });

function mutate({ file, guard, without }: { file: string; guard: string; without: string }): void {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const target = pathToFileURL(join(root, file)).href;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (url !== target || loaded.source === undefined || loaded.source === null) return loaded;
      const text =
        typeof loaded.source === 'string'
          ? loaded.source
          : Buffer.from(loaded.source as Uint8Array).toString();
      return { ...loaded, source: text.split(guard).join(without) };
    },
  });
}
