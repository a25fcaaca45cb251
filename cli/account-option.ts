/** Which account of this device a command is about: `--account`, for whoever is signed in to several organisations. */
import { Option } from 'commander';

/** `--account` of every command that is about one account. */
export function accountOption(): Option {
  return new Option(
    '--account <name>',
    'which account, where several are signed in: organisation, controller or e-mail address (see: postern status)',
  ).env('POSTERN_ACCOUNT');
}

/** A route of the local API for that account. */
export function routeFor(route: string, account: string | undefined): string {
  if (account === undefined) return route;
  const query = new URLSearchParams({ account }).toString();
  return `${route}${route.includes('?') ? '&' : '?'}${query}`;
}
