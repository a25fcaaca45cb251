/** `--trust-proxy`: the balancers and HTTP proxies in front of a program whose word counts for where connections come from. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { isInNetworks, parseIpNetwork, type IpNetwork } from '../policy/ip-network.ts';
import type { TrustsProxy } from '../protocol/proxied-port.ts';

export interface TrustProxyFlags {
  readonly trustProxy?: TrustsProxy;
}

/** @param says what the program takes from them, for `--help` */
export function addTrustProxyOption(command: Command, says: string): Command {
  return command.addOption(
    new Option('--trust-proxy <networks>', `balancers in front, as networks with commas between: ${says}`)
      .env('POSTERN_TRUST_PROXY')
      .argParser(parseTrustProxy),
  );
}

/** Throws `InvalidArgumentError` with a sentence. */
export function parseTrustProxy(text: string): TrustsProxy {
  const networks: IpNetwork[] = [];
  for (const word of text.split(',')) {
    const network = parseIpNetwork(word.trim());
    if ('issue' in network) throw new InvalidArgumentError(`${network.issue}.`);
    if (network.length === 0)
      throw new InvalidArgumentError('that is everybody; list the balancers that are yours.');
    networks.push(network);
  }
  return (address) => isInNetworks(address, networks) === true;
}
