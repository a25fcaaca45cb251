/** `postern doctor --bundle`: what somebody who helps needs to see of this device, in one file that can be shared. */
import { writeFileSync } from 'node:fs';
import { arch, hostname, release, userInfo } from 'node:os';
import type { ClientStatus } from '../client/status.ts';
import { exits } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { redacted } from './bundle-redaction.ts';
import type { Finding } from './doctor-findings.ts';
import { CommandError } from './output.ts';
import { resolverSetup } from './resolver-setup.ts';

export const bundleSchema = 'postern.bundle/v1';

export interface Bundled {
  readonly findings: readonly Finding[];
  /** Of each account; none where no client runs. */
  readonly statuses: readonly ClientStatus[];
  /** What was tried as well. */
  readonly resource: string | undefined;
}

/** The bundle as it may be shared. @param isAnonymous whether names, e-mail addresses and ids are replaced too */
export async function bundle(
  { findings, statuses, resource }: Bundled,
  isAnonymous: boolean,
): Promise<object> {
  const user = userInfo().username;
  const whole = {
    schema: bundleSchema,
    made: new Date().toISOString(),
    version,
    node: process.version,
    system: { platform: process.platform, release: release(), arch: arch() },
    variables: Object.keys(process.env)
      .filter((name) => name.startsWith('POSTERN_'))
      .toSorted(),
    ...(resource === undefined ? {} : { resource }),
    findings,
    statuses: statuses.map((status) => shareable(status, isAnonymous)),
    resolver: await resolverSetup(),
    // Sentences may speak of them.
    machine: { host: hostname(), user: user === 'root' ? '' : user },
  };
  const { machine: _, ...left } = redacted(whole, isAnonymous) as typeof whole;
  return { ...left, anonymous: isAnonymous };
}

/** Writes it where nothing is yet, for its owner alone. Throws a CommandError where it cannot. */
export function writeBundle(file: string, content: object): void {
  try {
    writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CommandError(
      exits.usage,
      code === 'EEXIST'
        ? `${file} is there already; give a new name to --bundle`
        : `${file} cannot be written (${code}); give another place to --bundle`,
    );
  }
}

/** Without what the device told of itself word for word, such as its serial number; and why in the organisation's own words. */
function shareable(status: ClientStatus, isAnonymous: boolean): object {
  const { schema, version: running, state } = status;
  // A watchdog tells no more of a client that crashed.
  if (state === 'crashed') return { schema, version: running, state };
  const { posture, recent, ...rest } = status;
  return {
    ...rest,
    ...(posture === undefined ? {} : { posture: { at: posture.at, checks: posture.checks } }),
    recent: isAnonymous
      ? recent.map(({ at, event, host, port, resource, code }) => ({ at, event, host, port, resource, code }))
      : recent,
  };
}
