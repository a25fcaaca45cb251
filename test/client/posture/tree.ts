/** A folder that stands for `/`, filled with the files of a machine, and removed after the test. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { collectFacts } from '../../../client/posture/collect.ts';
import { linux } from '../../../client/posture/linux/linux.ts';
import { machineAt, type Machine } from '../../../client/posture/machine.ts';
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { PostureCheck } from '../../../protocol/posture.ts';

/** Paths from `/` on with what is in them; `{ to }` is a symbolic link, `{}` an empty folder. */
export type Tree = Readonly<Record<string, string | Buffer | { readonly to?: string }>>;
export type Run = Machine['run'];

interface AfterTest {
  after(done: () => Promise<void>): void;
}

/** No program is installed. */
export const nothingInstalled: Run = () => Promise.resolve(undefined);

export async function machineOf(
  test: AfterTest,
  tree: Tree,
  { uids = [1_000], run = nothingInstalled }: { readonly uids?: readonly number[]; readonly run?: Run } = {},
): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), 'postern-machine-'));
  test.after(() => rm(root, { recursive: true }));
  for (const [path, content] of Object.entries(tree)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) await writeFile(file, content);
    else if (content.to === undefined) await mkdir(file, { recursive: true });
    else await symlink(content.to, file);
  }
  return machineAt(root, uids, run);
}

/** What Linux tells of these checks on a tree. */
export async function linuxFacts(
  test: AfterTest,
  tree: Tree,
  checks: readonly PostureCheck[],
  more: { readonly uids?: readonly number[]; readonly run?: Run; readonly asked?: string[] } = {},
): Promise<Omit<PostureFacts, 'os' | 'clientVersion'>> {
  const { asked = [] } = more;
  const {
    os: _os,
    clientVersion: _version,
    ...facts
  } = await collectFacts(linux, await machineOf(test, tree, more), {
    checks: checks.map((check) => ({ check, resources: [], count: 0 })),
    processes: asked.filter((name) => !name.startsWith('/')),
    files: asked.filter((name) => name.startsWith('/')),
  });
  return facts;
}
