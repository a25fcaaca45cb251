/** Every guard that `npm run mutants` takes out, by the part of the product it stands in. */
import { accountMutants } from './accounts.ts';
import { administratorsMutants } from './administrators.ts';
import { backupMutants } from './backup.ts';
import { dashboardMutants } from './dashboard.ts';
import { certificatesMutants } from './certificates.ts';
import { channelMutants } from './channel.ts';
import { linkMutants } from './link.ts';
import { clientMutants } from './client.ts';
import { clientNamesMutants } from './client-names.ts';
import { clientDoorMutants } from './client-door.ts';
import { clustersMutants } from './clusters.ts';
import { connectorMutants } from './connector.ts';
import { dialMutants } from './dial.ts';
import { controllerMutants } from './controller.ts';
import { decisionsMutants } from './decisions.ts';
import { controlMutants } from './control.ts';
import { directMutants } from './direct.ts';
import { documentMutants } from './document.ts';
import { exposuresMutants } from './exposures.ts';
import { guestsMutants } from './guests.ts';
import { listenersMutants } from './listeners.ts';
import type { Mutant } from './mutant.ts';
import { muxMutants } from './mux.ts';
import { nonsenseMutants } from './nonsense.ts';
import { optionMutants } from './options.ts';
import { policyMutants } from './policy.ts';
import { conditionsMutants } from './conditions.ts';
import { postureMutants } from './posture.ts';
import { relayMutants } from './relay.ts';
import { requestsMutants } from './requests.ts';
import { scimMutants } from './scim.ts';
import { organisationMutants } from './organisations.ts';
import { signInMutants } from './sign-in.ts';
import { tokensMutants } from './tokens.ts';
import { webAnswersMutants } from './web-answers.ts';
import { webDecisionsMutants } from './web-decisions.ts';
import { webDoorMutants } from './web-door.ts';

export const mutants: readonly Mutant[] = [
  ...backupMutants,
  ...optionMutants,
  ...policyMutants,
  ...conditionsMutants,
  ...postureMutants,
  ...muxMutants,
  ...channelMutants,
  ...linkMutants,
  ...tokensMutants,
  ...clientDoorMutants,
  ...connectorMutants,
  ...dialMutants,
  ...directMutants,
  ...relayMutants,
  ...requestsMutants,
  ...scimMutants,
  ...controllerMutants,
  ...clustersMutants,
  ...administratorsMutants,
  ...dashboardMutants,
  ...decisionsMutants,
  ...controlMutants,
  ...documentMutants,
  ...signInMutants,
  ...organisationMutants,
  ...guestsMutants,
  ...listenersMutants,
  ...accountMutants,
  ...clientMutants,
  ...clientNamesMutants,
  ...nonsenseMutants,
  ...webDoorMutants,
  ...webAnswersMutants,
  ...webDecisionsMutants,
  ...certificatesMutants,
  ...exposuresMutants,
];
