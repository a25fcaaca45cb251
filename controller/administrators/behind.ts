/**
 * Who stands behind something that was done by a token: whoever made the token, through all the tokens between. What takes two
 * people is not done by one of them with a token.
 */
import type { Id } from '../../protocol/ids.ts';
import { covers, type Action, type Role } from '../../protocol/roles.ts';
import { scopesOf } from '../api-tokens.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

const longestChain = 100;
const prefix = 'token ';

/** The token in the words of the audit log (`token tok_…`); undefined for a person. */
export function tokenIn(who: string): Id<'tok'> | undefined {
  return who.startsWith(prefix) ? (who.slice(prefix.length) as Id<'tok'>) : undefined;
}

/** Everybody who could have had this done, `who` first. It ends at a token that is deleted. */
export async function behind(tx: ScopedStore, who: string): Promise<string[]> {
  const chain: string[] = [];
  for (let at = who; chain.length < longestChain;) {
    chain.push(at);
    const token = tokenIn(at);
    if (token === undefined) break;
    const row = await tx.select('api_tokens').select('created_by').where('id', '=', token).executeTakeFirst();
    if (row === undefined || chain.includes(row.created_by)) break;
    at = row.created_by;
  }
  return chain;
}

/** The role by which this token may do `action` now; undefined where it may not, or is gone. */
export async function roleOfToken(
  tx: ScopedStore,
  id: Id<'tok'>,
  action: Action,
  nowMs: number,
): Promise<Role | undefined> {
  const token = await tx
    .select('api_tokens')
    .select(['role', 'scopes', 'expires_ms'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (token === undefined || (token.expires_ms !== null && token.expires_ms <= nowMs)) return undefined;
  return covers(token.role, action, scopesOf(token)) ? token.role : undefined;
}
