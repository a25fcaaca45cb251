/**
 * Whether a firewall keeps out what was not let in: what comes in is dropped or rejected unless a rule accepts it. The
 * rules of the kernel decide where they can be read, which needs root; else the state of ufw or firewalld. Rules that
 * cannot be read are unknown, never "off".
 */
import type { Collector } from '../collector.ts';
import type { Machine } from '../machine.ts';
import { runningPrograms } from './running.ts';

/** Chains call each other a few deep; a loop ends here. */
const deepest = 16;

export const firewall: Collector = async (machine) => {
  const on = await isFirewallOn(machine);
  return on === undefined ? {} : { firewall: on };
};

async function isFirewallOn(machine: Machine): Promise<boolean | undefined> {
  const nft = await machine.run('nft', ['-j', 'list', 'ruleset']);
  const byNft = nft?.code === 0 ? doesRulesetFilter(nft.out) : undefined;
  if (byNft === true) return true;
  // Rules of the old kernel interface are not among those of nftables.
  const legacy =
    (await machine.run('iptables-legacy-save', ['-t', 'filter'])) ??
    (await machine.run('iptables-save', ['-t', 'filter']));
  const byTables = legacy?.code === 0 ? doTablesFilter(legacy.out) : undefined;
  if (byTables === true) return true;
  if (byNft === false && (legacy === undefined || byTables === false)) return false;
  if (nft === undefined && byTables === false) return false;
  return isServiceOn(machine);
}

/** By what may be read without root: true when ufw is enabled or firewalld runs, else unknown. */
async function isServiceOn(machine: Machine): Promise<true | undefined> {
  const ufw = await machine.text('/etc/ufw/ufw.conf');
  if (ufw !== undefined && /^\s*ENABLED=(["']?)yes\1\s*$/im.test(ufw)) return true;
  return (await runningPrograms(machine))?.has('firewalld') === true ? true : undefined;
}

interface Chain {
  readonly hook?: unknown;
  readonly policy?: unknown;
  readonly rules: (readonly Record<string, unknown>[])[];
}

/**
 * Whether a ruleset (`nft -j list ruleset`, libnftables-json(5)) refuses by default what comes in over IPv4: a base chain
 * at the input hook drops by its policy, or by a rule at its end that asks for nothing. Undefined when it is none.
 */
export function doesRulesetFilter(json: string): boolean | undefined {
  const chains = parseChains(json);
  if (chains === undefined) return undefined;
  return [...chains].some(
    ([key, chain]) => chain.hook === 'input' && (chain.policy === 'drop' || refusesAll(key, chains, 0)),
  );
}

/** The chains by family, table and name, each with the expressions of its rules. */
function parseChains(json: string): Map<string, Chain> | undefined {
  let list: unknown;
  try {
    list = (JSON.parse(json) as { nftables?: unknown } | null)?.nftables;
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  const chains = new Map<string, Chain>();
  for (const item of list as { chain?: Record<string, unknown>; rule?: Record<string, unknown> }[]) {
    const { chain, rule } = item;
    if (chain !== undefined) chains.set(keyOf(chain, chain['name']), { ...chain, rules: [] });
    const expr = rule?.['expr'];
    if (rule !== undefined && Array.isArray(expr))
      chains.get(keyOf(rule, rule['chain']))?.rules.push(expr as Record<string, unknown>[]);
  }
  for (const key of chains.keys()) if (!/^(ip|inet) /.test(key)) chains.delete(key);
  return chains;
}

function keyOf({ family, table }: Record<string, unknown>, chain: unknown): string {
  return `${String(family)} ${String(table)} ${String(chain)}`;
}

/** Whether whatever reaches this chain and no rule of it has accepted is refused at its end. */
function refusesAll(key: string, chains: ReadonlyMap<string, Chain>, depth: number): boolean {
  const chain = chains.get(key);
  if (chain === undefined || depth > deepest) return false;
  const table = key.slice(0, key.lastIndexOf(' '));
  return chain.rules.some((statements) => {
    const verdict = statements.find((each) => !isAside(each));
    if (verdict === undefined) return false;
    if ('drop' in verdict || 'reject' in verdict || isRefusingTarget(verdict['xt'])) return true;
    const next = (verdict['jump'] ?? verdict['goto']) as { target?: unknown } | undefined;
    return next !== undefined && refusesAll(`${table} ${String(next.target)}`, chains, depth + 1);
  });
}

/** A statement that neither asks for anything nor ends the rule. */
function isAside(statement: Record<string, unknown>): boolean {
  return 'counter' in statement || 'log' in statement || 'comment' in statement;
}

function isRefusingTarget(xt: unknown): boolean {
  const { type, name } = (xt ?? {}) as { type?: unknown; name?: unknown };
  return type === 'target' && (name === 'DROP' || name === 'REJECT');
}

/** The same of the filter table as iptables-save(8) prints it; undefined when it has no INPUT chain. */
export function doTablesFilter(text: string): boolean | undefined {
  const policy = /^:INPUT (\S+)/m.exec(text)?.[1];
  if (policy === undefined) return undefined;
  return policy === 'DROP' || /^-A INPUT -j (DROP|REJECT)\b/m.test(text);
}
