/** A controller over the records of a directory, or of a database, as a start finds them; it listens nowhere. */
import { pino } from 'pino';
import { openController } from '../../../controller/open-controller.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';

export function openRecords(
  directory: string,
  database: string | undefined,
  now: () => number,
): ReturnType<typeof openController> {
  return openController({
    directory,
    database,
    publicUrl: new URL('https://access.acme.example:8443'),
    builtInAuthority: true,
    now,
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'silent' }),
  });
}
