/**
 * The controller's data directory: mode 0700, its files 0600 and replaced as a whole, so that a crash leaves the old or
 * the new content. Used by the keys and the store; knows nothing of what is inside.
 */
import { chmod, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Files begun by this process, so that two at once never write to one. */
let written = 0;

/** Makes the directory when it is missing and closes it to everyone else. Throws what the system says. */
export async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
}

/** The text of a file; undefined when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file with this mode (0600 unless said), durably and whole. */
export async function writeText(
  directory: string,
  name: string,
  text: string,
  mode: number = 0o600,
): Promise<void> {
  await rename(await writeBeside(directory, name, text, mode), join(directory, name));
}

/**
 * Writes a file that is missing, as `writeText` does; of two processes that do so at once the first one's stays. Answers
 * the text that is there then.
 */
export async function writeFirst(
  directory: string,
  name: string,
  text: string,
  mode: number = 0o600,
): Promise<string> {
  const path = join(directory, name);
  const temporary = await writeBeside(directory, name, text, mode);
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary);
  }
  return readFile(path, 'utf8');
}

/** Writes the text to a file of its own beside `name`, and answers where. */
async function writeBeside(directory: string, name: string, text: string, mode: number): Promise<string> {
  written += 1;
  const temporary = join(directory, `.${name}.${process.pid}.${written}`);
  const file = await open(temporary, 'w', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}
