/** The peer: Caddy as a reverse proxy with TLS from files, its connections to the origin kept, nothing logged. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../scripts/programs.ts';
import type { CertificateFiles } from '../../test/support/authority.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { Place } from '../../test/support/lab/place.ts';

/** Starts it on `port` of loopback for `host`, in front of `origin`, and waits until it answers. Its process id. */
export async function startCaddy(
  place: Place,
  options: { dir: string; host: string; port: number; origin: string; tls: CertificateFiles },
): Promise<number> {
  const { dir, host, port, origin, tls } = options;
  const file = join(dir, 'Caddyfile');
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
  log default {
    output discard
  }
  servers {
    protocols h1 h2
  }
}
https://${host}:${port} {
  bind 127.0.0.1
  tls ${tls.certFile} ${tls.keyFile}
  reverse_proxy ${origin}
}
`,
  );
  const caddy = place.spawn(findProgram('caddy'), ['run', '--config', file, '--adapter', 'caddyfile']);
  const probe = [
    '-sSk',
    '-o',
    '/dev/null',
    '--resolve',
    `${host}:${port}:127.0.0.1`,
    `https://${host}:${port}/`,
  ];
  await eventually('an answer of caddy', async () =>
    (await place.run('curl', probe)).code === 0 ? true : undefined,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it printed:\n${caddy.output}`);
  });
  return caddy.pid;
}
