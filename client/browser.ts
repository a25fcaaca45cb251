/** Opens a page in the person's browser, where this machine has one and the person is the one who runs us. */
import { spawn } from 'node:child_process';

/** The command that opens a browser; undefined where there is none to be expected. `BROWSER` wins, as for other tools. */
export function browserCommand(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  const chosen = env['BROWSER'];
  if (chosen !== undefined && chosen !== '') return chosen === 'none' ? undefined : chosen;
  if (platform === 'darwin') return 'open';
  if (platform === 'win32') return 'explorer.exe';
  // Over ssh a window would open on the wrong machine; root's window would be nobody's.
  const graphical = (env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? '') !== '';
  const remote = (env['SSH_CONNECTION'] ?? '') !== '' || process.getuid?.() === 0;
  return graphical && !remote ? 'xdg-open' : undefined;
}

/** Starts it and does not wait; when it does not start, the person has the address on the terminal. */
export function openBrowser(command: string, url: string): void {
  const child = spawn(command, [url], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
}
