/**
 * Sets and removes TXT records for validations by DNS-01, by a program of the operator: `PROGRAM present|cleanup NAME VALUE`,
 * without a shell. It ends with 0 once the record is there for everybody; what it prints goes to the connector's own output.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../../../protocol/clock.ts';
import { AcmeProblem } from './acme-problem.ts';

const hookMs = 180_000;
/** Secrets of this program, which are none of the hook's business. */
const withheld = /^POSTERN_(KEY|ACME_EAB)/;

/**
 * @param name of the record, `_acme-challenge.HOST`
 * @param value of the record, without quotes
 * @throws AcmeProblem when it cannot be started, fails, or takes more than three minutes, when it is killed
 */
export function runDnsHook(
  program: string,
  action: 'present' | 'cleanup',
  { name, value }: { readonly name: string; readonly value: string },
  clock: Clock,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !withheld.test(key)));
    // A group of its own, so that what it started ends with it.
    const child = spawn(program, [action, name, value], {
      stdio: ['ignore', 2, 2],
      env,
      shell: false,
      detached: true,
    });
    const failed = (how: string): void => {
      cancelTimer();
      reject(
        new AcmeProblem(
          'hook',
          `the DNS hook ${program} ${how} at "${action} ${name}"; what it said is in the connector's output`,
        ),
      );
    };
    const cancelTimer = clock.after(hookMs, () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      failed(`took more than ${hookMs / 1_000} s`);
    });
    child.once('error', (error) =>
      failed(`could not be started (${'code' in error ? String(error.code) : error.message})`),
    );
    child.once('exit', (code, signal) => {
      if (code !== 0) return failed(`ended with ${code ?? signal}`);
      cancelTimer();
      return resolve();
    });
  });
}
