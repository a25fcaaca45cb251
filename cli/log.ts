/** The structured log of the servers: pino on stderr, secrets redacted, level from POSTERN_LOG_LEVEL. */
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

/** Keys that are never printed, wherever they stand. */
const secrets = [
  'key',
  'secret',
  'token',
  'ticket',
  'grant',
  'cookie',
  'code_verifier',
  'clientSecret',
  'authorization',
];

export function createLog(component: string): Logger {
  return pino(
    {
      level: process.env['POSTERN_LOG_LEVEL'] ?? 'info',
      base: { component },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    destination({ dest: 2, sync: true }),
  );
}
