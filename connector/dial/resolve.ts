/** Resolves the names of resources as the connector's own system does, hosts file included; literals pass as they are. */
import { lookup } from 'node:dns/promises';
import { Fault } from '../../protocol/errors.ts';
import { isLiteral } from './address.ts';

const timeoutMs = 5_000;

/** Turns a name or literal into address literals, in the system's order; never an empty list. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Rejects with a Fault: `no-name`, or `timeout` after five seconds. */
export const systemResolve: Resolve = async (name) => {
  if (isLiteral(name)) return [name];
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Fault('timeout')), timeoutMs);
  try {
    const found = await Promise.race([lookup(name, { all: true, verbatim: true }), late]);
    return found.map(({ address }) => address);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('no-name');
  } finally {
    clearTimeout(timer);
  }
};
