/** Which page stands at which address. Search parameters are read here, once, and are text or absent. */
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ConfirmDevicePage } from './pages/confirm-device.tsx';
import { DeviceCodePage } from './pages/device-code.tsx';
import { ErrorPage } from './pages/error.tsx';
import { GuestPage, type GuestWay } from './pages/guest.tsx';
import { HomePage } from './pages/home.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { RefusedPage } from './pages/refused.tsx';
import { SignInPage } from './pages/sign-in.tsx';

type Search<K extends string> = { [key in K]?: string };

function texts<K extends string>(...keys: K[]): (search: Record<string, unknown>) => Search<K> {
  return (search) => {
    const found: Search<K> = {};
    for (const key of keys) {
      const value = search[key];
      if (typeof value === 'string') found[key] = value;
    }
    return found;
  };
}

const root = createRootRoute();

const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: texts('rd', 'error', 'state'),
  component: function SignInRoute() {
    const { rd, error, state } = signIn.useSearch();
    return <SignInPage returnTo={rd} error={error} state={state} />;
  },
});

const guest = createRoute({
  getParentRoute: () => root,
  path: '/guest',
  validateSearch: texts('host', 'c', 'n', 'rd', 'again', 'fresh'),
  component: function GuestRoute() {
    const search = guest.useSearch();
    const { host = '', c = '', n = '', rd, again } = search;
    const way: GuestWay = {
      host,
      c,
      n,
      ...(rd === undefined ? {} : { rd }),
      ...(again === '1' ? { again: '1' } : {}),
    };
    return <GuestPage way={way} query={new URLSearchParams(search).toString()} />;
  },
});

const device = createRoute({ getParentRoute: () => root, path: '/device', component: DeviceCodePage });

const confirm = createRoute({
  getParentRoute: () => root,
  path: '/device/confirm',
  validateSearch: texts('attempt'),
  component: function ConfirmRoute() {
    return <ConfirmDevicePage secret={confirm.useSearch().attempt} />;
  },
});

const refused = createRoute({
  getParentRoute: () => root,
  path: '/refused',
  validateSearch: texts('resource', 'door'),
  component: function RefusedRoute() {
    const { resource, door } = refused.useSearch();
    return <RefusedPage resource={resource} door={door === 'web' ? door : undefined} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([home, signIn, guest, device, confirm, refused]),
  defaultNotFoundComponent: NotFoundPage,
  defaultErrorComponent: function FailedRoute({ error }) {
    return <ErrorPage error={error as Error} />;
  },
  // Parameters are plain text: a value such as `123` or `true` is a name, not JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const query = new URLSearchParams(search as Record<string, string>).toString();
    return query === '' ? '' : `?${query}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
