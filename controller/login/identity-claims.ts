/**
 * Who a provider says has signed in, read strictly from its claims: nothing that was not verified, and nothing of a form
 * that two readers could understand differently (SEC-G1, SEC-A4).
 */

/** Claims of one source: the ID token or the userinfo answer. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Identity {
  readonly subject: string;
  readonly name: string;
  /** Lower case; only when the provider says that it verified it. */
  readonly email: string | undefined;
  /** Everything the groups claim holds, declared in the document or not. */
  readonly groups: readonly string[];
  /** When the person authenticated at the provider, epoch ms; undefined when it does not say. */
  readonly authMs: number | undefined;
  /** How (RFC 8176). */
  readonly amr: readonly string[];
  /** Authentication context class (OpenID Connect Core section 2). */
  readonly acr?: string;
  /** The provider's own id of this sign-in, by which it may end the session (`sid`). */
  readonly providerSession?: string;
}

const maxGroups = 1_000;
const maxText = 256;

/**
 * The identity in `idToken`, with what is missing there taken from `userInfo`. An e-mail address and whether it was
 * verified come from the same source, or not at all.
 */
export function readIdentity(
  idToken: Claims & { readonly sub: string },
  userInfo: Claims,
  groupsClaim: string | undefined,
): Identity {
  const email = idToken['email'] === undefined ? verifiedEmail(userInfo) : verifiedEmail(idToken);
  const groups =
    groupsClaim === undefined ? undefined : (own(idToken, groupsClaim) ?? own(userInfo, groupsClaim));
  const names = [
    idToken['name'],
    userInfo['name'],
    idToken['preferred_username'],
    userInfo['preferred_username'],
  ];
  const name =
    names.map(shortText).find((text) => text !== undefined) ?? email ?? idToken.sub.slice(0, maxText);
  const authTime = idToken['auth_time'];
  const acr = shortText(idToken['acr']);
  const providerSession = shortText(idToken['sid']);
  return {
    subject: idToken.sub,
    name,
    email,
    groups: [...new Set(texts(groups))],
    authMs: typeof authTime === 'number' && authTime > 0 ? Math.floor(authTime) * 1_000 : undefined,
    amr: texts(idToken['amr']).slice(0, 16),
    ...(acr === undefined ? {} : { acr }),
    ...(providerSession === undefined ? {} : { providerSession }),
  };
}

/** Whether the claims of the ID token leave something open that userinfo may answer. */
export function needsUserInfo(idToken: Claims, groupsClaim: string | undefined): boolean {
  return (
    idToken['email'] === undefined ||
    idToken['name'] === undefined ||
    (groupsClaim !== undefined && own(idToken, groupsClaim) === undefined)
  );
}

function verifiedEmail(claims: Claims): string | undefined {
  const { email, email_verified: verified } = claims;
  if (verified !== true || typeof email !== 'string' || email.length > 254) return undefined;
  // One local part and one domain of plain characters; quoting and a second @ are read differently by everyone.
  return /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(email)
    ? email.toLowerCase()
    : undefined;
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function shortText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim().slice(0, maxText);
  return text === '' ? undefined : text;
}

function texts(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value.slice(0, maxGroups) : [value];
  return list.filter(
    (each): each is string => typeof each === 'string' && each !== '' && each.length <= maxText,
  );
}
