/** Where a person's client keeps its state: `--state`, POSTERN_STATE, or the place the system has for such files. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Option } from 'commander';

/** `--state` of every command that a person runs. */
export function stateOption(): Option {
  return new Option('--state <folder>', 'where keys and memory are kept')
    .env('POSTERN_STATE')
    .default(defaultState(process.env, process.platform, process.getuid?.()));
}

/** Root's is a system folder, a user's follows XDG, or the custom of macOS. */
export function defaultState(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  uid: number | undefined,
): string {
  if (uid === 0) return '/var/lib/postern';
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'postern');
  const base = env['XDG_STATE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.local', 'state') : base, 'postern');
}
