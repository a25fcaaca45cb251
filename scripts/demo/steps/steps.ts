/** The tour's steps, in their order. */
import type { Step } from '../tour.ts';
import { bastion } from './bastion.ts';
import { blindRelay } from './blind-relay.ts';
import { database } from './database.ts';
import { down } from './down.ts';
import { noRoute } from './no-route.ts';
import { publicNames } from './public-names.ts';
import { refusals } from './refusals.ts';
import { relayRestart } from './relay-restart.ts';
import { revocation } from './revocation.ts';
import { signInByBrowser } from './sign-in.ts';
import { unlistedPort } from './unlisted-port.ts';
import { wiki } from './wiki.ts';

export const steps: readonly Step[] = [
  noRoute,
  wiki,
  bastion,
  database,
  signInByBrowser,
  refusals,
  unlistedPort,
  publicNames,
  revocation,
  relayRestart,
  blindRelay,
  down,
];
