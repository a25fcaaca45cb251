/** The command a person most likely wants for a resource, guessed by its port as the registry of ports has it. */

export interface SuggestedCommand {
  readonly command: string;
  /** The address to open in the browser, where the port is the web's. */
  readonly url?: string;
}

/** At most this many; the rest follow the same pattern. */
const limit = 4;

/** Commands for the first name and its TCP ports, the most usual first. */
export function suggestCommands(hosts: readonly string[], ports: readonly string[]): SuggestedCommand[] {
  const host = hosts[0];
  if (host === undefined) return [];
  const wildcard = host.startsWith('*.');
  const name = wildcard ? `NAME${host.slice(1)}` : host;
  return ports
    .flatMap((text) => {
      const match = /^tcp\/(\d+)(?:-(\d+))?$/.exec(text);
      return match === null ? [] : [Number(match[1])];
    })
    .slice(0, limit)
    .map((port) => commandFor(name, port, wildcard));
}

function commandFor(name: string, port: number, wildcard: boolean): SuggestedCommand {
  switch (port) {
    case 22:
      return { command: `ssh ${name}` };
    case 80:
    case 443: {
      const url = `${port === 443 ? 'https' : 'http'}://${name}`;
      return wildcard ? { command: `curl ${url}` } : { command: `curl ${url}`, url };
    }
    case 8080:
    case 8443: {
      const url = `${port === 8443 ? 'https' : 'http'}://${name}:${port}`;
      return wildcard ? { command: `curl ${url}` } : { command: `curl ${url}`, url };
    }
    case 3306:
      return { command: `mysql -h ${name}` };
    case 3389:
      return { command: `mstsc /v:${name}` };
    case 5432:
      return { command: `psql -h ${name}` };
    case 6379:
      return { command: `redis-cli -h ${name}` };
    case 27_017:
      return { command: `mongosh mongodb://${name}` };
    default:
      return { command: `nc ${name} ${port}` };
  }
}
