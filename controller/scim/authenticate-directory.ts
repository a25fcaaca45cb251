/**
 * `Authorization: Bearer dt_…`: which directory calls. Its token is good for what is its own and for nothing else, and no
 * other kind of token makes anybody a directory (SEC-A8).
 */
import { createHash } from 'node:crypto';
import { decodeDirectoryToken, hashOfSecret } from '../../protocol/secrets.ts';
import type { Authenticate } from '../api/access.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext } from '../context.ts';
import { Guesses } from '../guesses.ts';

const wrongTokens = { limit: 30, windowMs: 10 * 60_000 };
/** How exactly the last use of a token is known. */
const useGrainMs = 60_000;

export function directoryAuthenticator(context: ControllerContext): Authenticate {
  const guesses = new Guesses(context.live, 'directory tokens', wrongTokens);
  return async ({ headers, ip }) => {
    const text = /^bearer (dt_[\w-]{1,200})$/i.exec(headers.authorization ?? '')?.[1];
    if (text === undefined) return undefined;
    const secret = decodeDirectoryToken(text);
    const hash = secret === undefined ? undefined : hashOfSecret(secret);
    const row = hash === undefined ? undefined : await context.store.directoryToken(hash);
    const nowMs = context.now();
    if (row === undefined || (row.expires_ms !== null && row.expires_ms <= nowMs)) {
      const waitMs = guesses.waitMs(ip, nowMs);
      if (waitMs !== undefined) throw ProblemError.tooMany(waitMs);
      guesses.wrong(ip, hash ?? createHash('sha256').update(text).digest('base64url'));
      return { kind: 'nobody' };
    }
    const { organisation, id, directory } = row;
    const { store, reader } = context.organisation(organisation);
    const { document } = await reader.current();
    const isThere = document.identityProviders?.some(
      (provider) => provider.name === directory && provider.directory !== undefined,
    );
    if (isThere !== true) return { kind: 'nobody' };
    if (row.used_ms === null || nowMs - row.used_ms >= useGrainMs)
      await store.update('directory_tokens').set({ used_ms: nowMs }).where('id', '=', id).execute();
    return { kind: 'directory', organisation, id, directory };
  };
}
