/** The pages that stand by themselves, outside of the signed-in person's frame: ways in, and what a device or a refusal leads to. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from './root-route.ts';
import { texts } from './route-search.ts';

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: texts('rd', 'error', 'state'),
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/setup/setup.tsx'), 'SetupPage'),
});

const administratorSignIn = createRoute({
  getParentRoute: () => root,
  path: '/login/administrator',
  validateSearch: texts('rd'),
  component: lazyRouteComponent(() => import('./pages/administrator-sign-in.tsx'), 'AdministratorSignInPage'),
});

const guest = createRoute({
  getParentRoute: () => root,
  path: '/guest',
  validateSearch: texts('host', 'c', 'n', 'rd', 'again', 'fresh'),
  component: lazyRouteComponent(() => import('./pages/guest.tsx'), 'GuestPage'),
});

const device = createRoute({
  getParentRoute: () => root,
  path: '/device',
  component: lazyRouteComponent(() => import('./pages/device-code.tsx'), 'DeviceCodePage'),
});

const confirm = createRoute({
  getParentRoute: () => root,
  path: '/device/confirm',
  validateSearch: texts('attempt'),
  component: lazyRouteComponent(() => import('./pages/confirm-device.tsx'), 'ConfirmDevicePage'),
});

const refused = createRoute({
  getParentRoute: () => root,
  path: '/refused',
  validateSearch: texts('resource', 'door'),
  component: lazyRouteComponent(() => import('./pages/refused.tsx'), 'RefusedPage'),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  validateSearch: texts('link'),
  component: lazyRouteComponent(() => import('./pages/invitation.tsx'), 'InvitationPage'),
});

export const cardRoutes = [
  signIn,
  guest,
  setup,
  administratorSignIn,
  device,
  confirm,
  refused,
  invitation,
] as const;
