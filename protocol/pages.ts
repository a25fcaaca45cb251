/**
 * The addresses of the pages, which the controller serves and the pages' router shows. A part that begins with `$` stands
 * for any one name. Everything else is not there.
 */

/** For everyone who is signed in, and for signing in. */
export const portalPages = [
  '/',
  '/setup',
  '/login',
  '/login/administrator',
  '/guest',
  '/device',
  '/device/confirm',
  '/refused',
  '/requests',
  '/invitation',
  '/account',
  '/sessions',
  '/install',
] as const;

/** For those with a role. */
export const adminPages = [
  '/admin',
  '/admin/start',
  '/admin/map',
  '/admin/resources',
  '/admin/resources/$name',
  '/admin/policies',
  '/admin/policies/$name',
  '/admin/posture',
  '/admin/hostnames',
  '/admin/people',
  '/admin/people/$id',
  '/admin/devices',
  '/admin/devices/$id',
  '/admin/sessions',
  '/admin/requests',
  '/admin/networks',
  '/admin/networks/$name',
  '/admin/log',
  '/admin/history',
  '/admin/proposals',
  '/admin/exposures',
  '/admin/diagnostics',
  '/admin/usage',
  '/admin/settings',
  '/admin/sign-in-trial',
] as const;

export const pagePaths: readonly string[] = [...portalPages, ...adminPages];
