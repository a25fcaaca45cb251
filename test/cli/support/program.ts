/** The real command line as a process: arguments, variables and standard input in, exit code and both outputs out. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../../bin/postern', import.meta.url));

export interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs `postern` with nothing in its environment that belongs to it but what is given. */
export function runPostern(
  args: readonly string[],
  { env = {}, input = '', cwd }: Given = {},
): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [launcher, ...args],
      {
        env: { PATH, HOME, ...env },
        timeout: 120_000,
        maxBuffer: 16 * 1_024 * 1_024,
        ...(cwd === undefined ? {} : { cwd }),
      },
      (error, stdout, stderr) => {
        const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exit, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}
