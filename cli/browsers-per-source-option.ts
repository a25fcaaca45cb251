/** `--browsers-per-source`: how many connections to public hostnames a relay lets one address hold. */
import { InvalidArgumentError, Option, type Command } from 'commander';

export function addBrowsersPerSourceOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--browsers-per-source <count>',
      'connections to public hostnames that one address (IPv6: one /64) may hold; 1024 unless said, more where many people share one',
    )
      .env('POSTERN_BROWSERS_PER_SOURCE')
      .argParser(parseCount),
  );
}

/** Throws `InvalidArgumentError` with a sentence. */
function parseCount(text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (count < 16 || count > 1_000_000)
    throw new InvalidArgumentError('give a whole number of connections, from 16 to 1000000.');
  return count;
}
