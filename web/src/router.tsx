/**
 * Which page stands at which address (protocol/pages.ts lists them), each loaded when it is gone to. Search parameters are
 * read here, once, and are text or absent. Pages outside of the frame stand in `card-routes.ts`.
 */
import { createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { overviewQuery } from './admin-queries.ts';
import { cardRoutes } from './card-routes.ts';
import { ErrorPage } from './pages/error.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { meQuery } from './queries.ts';
import { queries } from './query-client.ts';
import { root } from './root-route.ts';
import { listSearch, texts } from './route-search.ts';
import { may } from './shell/may.ts';
import { Shell } from './shell/shell.tsx';

/** As soon as it is known that this person may read it; nobody is asked for what would be refused. */
async function prefetchOverview(): Promise<void> {
  const me = await queries.ensureQueryData(meQuery).catch(() => undefined);
  if (me !== undefined && may(me, 'document.read')) await queries.prefetchQuery(overviewQuery);
}

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  // Asked while the page's code is on its way, and not after it.
  loader: () => void queries.prefetchQuery(meQuery),
});

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/home.tsx'), 'HomePage'),
});

const adminHome = createRoute({
  getParentRoute: () => shell,
  path: '/admin',
  loader: () => void prefetchOverview(),
  component: lazyRouteComponent(() => import('./admin/home/home.tsx'), 'AdminHomePage'),
});

const start = createRoute({
  getParentRoute: () => shell,
  path: '/admin/start',
  component: lazyRouteComponent(() => import('./admin/start/start.tsx'), 'StartPage'),
});

const map = createRoute({
  getParentRoute: () => shell,
  path: '/admin/map',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/map/map.tsx'), 'MapPage'),
});

const resources = createRoute({
  getParentRoute: () => shell,
  path: '/admin/resources',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/resources/resources.tsx'), 'ResourcesPage'),
});

const resource = createRoute({
  getParentRoute: () => shell,
  path: '/admin/resources/$name',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/resources/resource.tsx'), 'ResourcePage'),
});

const policies = createRoute({
  getParentRoute: () => shell,
  path: '/admin/policies',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/policies/policies.tsx'), 'PoliciesPage'),
});

const policy = createRoute({
  getParentRoute: () => shell,
  path: '/admin/policies/$name',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/policies/policy.tsx'), 'PolicyPage'),
});

const posture = createRoute({
  getParentRoute: () => shell,
  path: '/admin/posture',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/posture/posture.tsx'), 'PosturePage'),
});

const hostnames = createRoute({
  getParentRoute: () => shell,
  path: '/admin/hostnames',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/hostnames/hostnames.tsx'), 'HostnamesPage'),
});

const people = createRoute({
  getParentRoute: () => shell,
  path: '/admin/people',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/people/people.tsx'), 'PeoplePage'),
});

const person = createRoute({
  getParentRoute: () => shell,
  path: '/admin/people/$id',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/people/person.tsx'), 'PersonPage'),
});

const devices = createRoute({
  getParentRoute: () => shell,
  path: '/admin/devices',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/devices/devices.tsx'), 'DevicesPage'),
});

const oneDevice = createRoute({
  getParentRoute: () => shell,
  path: '/admin/devices/$id',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/devices/device.tsx'), 'DevicePage'),
});

const sessions = createRoute({
  getParentRoute: () => shell,
  path: '/admin/sessions',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/sessions/sessions.tsx'), 'SessionsPage'),
});

const allRequests = createRoute({
  getParentRoute: () => shell,
  path: '/admin/requests',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/requests/requests.tsx'), 'AllRequestsPage'),
});

const networks = createRoute({
  getParentRoute: () => shell,
  path: '/admin/networks',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/networks/networks.tsx'), 'NetworksPage'),
});

const network = createRoute({
  getParentRoute: () => shell,
  path: '/admin/networks/$name',
  component: lazyRouteComponent(() => import('./admin/networks/network.tsx'), 'NetworkPage'),
});

const log = createRoute({
  getParentRoute: () => shell,
  path: '/admin/log',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/log/log.tsx'), 'LogPage'),
});

const proposals = createRoute({
  getParentRoute: () => shell,
  path: '/admin/proposals',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/proposals/proposals.tsx'), 'ProposalsPage'),
});

const history = createRoute({
  getParentRoute: () => shell,
  path: '/admin/history',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/history/history.tsx'), 'HistoryPage'),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/admin/settings',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/settings/settings.tsx'), 'SettingsPage'),
});

const exposures = createRoute({
  getParentRoute: () => shell,
  path: '/admin/exposures',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/exposures/exposures.tsx'), 'ExposuresPage'),
});

const diagnostics = createRoute({
  getParentRoute: () => shell,
  path: '/admin/diagnostics',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/diagnostics/diagnostics.tsx'), 'DiagnosticsPage'),
});

const usage = createRoute({
  getParentRoute: () => shell,
  path: '/admin/usage',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./admin/usage/usage.tsx'), 'UsagePage'),
});

const signInTrial = createRoute({
  getParentRoute: () => shell,
  path: '/admin/sign-in-trial',
  validateSearch: texts('provider', 'id'),
  component: lazyRouteComponent(() => import('./admin/settings/sign-in-trial.tsx'), 'SignInTrialPage'),
});

const requests = createRoute({
  getParentRoute: () => shell,
  path: '/requests',
  validateSearch: texts('id', 'link'),
  component: lazyRouteComponent(() => import('./pages/requests.tsx'), 'RequestsPage'),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account.tsx'), 'AccountPage'),
});

const mySessions = createRoute({
  getParentRoute: () => shell,
  path: '/sessions',
  component: lazyRouteComponent(() => import('./pages/sessions.tsx'), 'MySessionsPage'),
});

const install = createRoute({
  getParentRoute: () => shell,
  path: '/install',
  validateSearch: texts('tab'),
  component: lazyRouteComponent(() => import('./pages/install.tsx'), 'InstallPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    ...cardRoutes,
    shell.addChildren([
      home,
      requests,
      account,
      mySessions,
      install,
      adminHome,
      start,
      map,
      resources,
      resource,
      policies,
      policy,
      posture,
      hostnames,
      people,
      person,
      devices,
      oneDevice,
      sessions,
      allRequests,
      networks,
      network,
      log,
      history,
      proposals,
      exposures,
      diagnostics,
      usage,
      settings,
      signInTrial,
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
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
