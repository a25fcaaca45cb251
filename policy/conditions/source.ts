/** `source: [10.0.0.0/8]`: the request comes from one of these networks, as the controller sees it. */
import { isInNetworks, parseIpNetwork, type IpNetwork } from '../ip-network.ts';
import type { Condition, Verdict } from './condition.ts';

const listed: Verdict = { met: true, reason: 'source-listed' };
const notListed: Verdict = { met: false, reason: 'source-not-listed' };
const unknown: Verdict = { met: 'unknown', reason: 'source-unknown' };

/** Throws on a text that is no network; `sourceIssues` finds those. */
export function sourceCondition(texts: readonly string[]): Condition {
  const networks = texts.map((text): IpNetwork => {
    const network = parseIpNetwork(text);
    if ('issue' in network) throw new Error(`a source was compiled unchecked: ${network.issue}`);
    return network;
  });
  return {
    name: 'source',
    judge: ({ source }) => {
      const isListed = source === undefined ? undefined : isInNetworks(source.address, networks);
      if (isListed === undefined) return unknown;
      return isListed ? listed : notListed;
    },
    nextChangeMs: () => Number.POSITIVE_INFINITY,
  };
}

/** What is wrong with the networks, by their place in the list. */
export function sourceIssues(
  texts: readonly string[],
): { readonly index: number; readonly message: string }[] {
  return texts.flatMap((text, index) => {
    const network = parseIpNetwork(text);
    return 'issue' in network ? [{ index, message: network.issue }] : [];
  });
}
