/** The resource that the first steps write for a name or address, a port and a way to speak. */
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import type { Target } from '../../../../protocol/target-test.ts';

/** Where a trial's public hostnames lie; browsers take every name below it for this machine. */
export const trialSuffix = 'postern.localhost';

export function resourceFor({
  network,
  host: typed,
  port,
  name,
  speak,
  web,
}: {
  readonly network: string;
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly speak: Target['speak'];
  /** Whether it is opened in the browser too. */
  readonly web: boolean;
}): ResourceDocument {
  // A resource may not be called that: it would mean another machine at each end.
  const host = typed === 'localhost' ? '127.0.0.1' : typed;
  const isLiteral = /^[\d.]+$/.test(host) || host.includes(':');
  const origin = `${speak === 'https' ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    name,
    network,
    address: host,
    // People reach addresses by a name: those are told to nobody.
    ...(isLiteral || !host.includes('.') ? { alias: `${name}.internal` } : {}),
    ports: [`tcp/${port}`],
    ...(web ? { web: { hostname: `${name}.${trialSuffix}`, origin } } : {}),
  };
}
