/** All migrations in the order in which they run. A migration that was released is never changed. */
import type { Migration } from 'kysely';
import * as organisation from './0001-organisation.ts';
import * as nodesAndPeople from './0002-nodes-and-people.ts';
import * as tokensAndAudit from './0003-tokens-and-audit.ts';
import * as posture from './0004-posture.ts';
import * as peopleAndSessions from './0005-people-and-sessions.ts';
import * as tokenNames from './0006-token-names.ts';
import * as directEndpoints from './0007-direct-endpoints.ts';
import * as webDoor from './0008-web-door.ts';
import * as tokenTexts from './0009-token-texts.ts';
import * as clusters from './0010-clusters.ts';
import * as administrators from './0011-administrators.ts';
import * as localAccounts from './0012-local-accounts.ts';
import * as requests from './0013-requests.ts';
import * as grantWho from './0014-grant-who.ts';
import * as guestCodes from './0014-guest-codes.ts';
import * as scim from './0015-scim.ts';
import * as proposals from './0016-proposals.ts';
import * as organisations from './0017-organisations.ts';
import * as nameProofs from './0018-name-proofs.ts';
import * as deletedOrganisations from './0019-deleted-organisations.ts';
import * as exposures from './0020-exposures.ts';
import * as mail from './0021-mail.ts';
import * as invitations from './0022-invitations.ts';
import * as limits from './0024-limits.ts';
import * as lookups from './0025-lookups.ts';
import * as noTokenTexts from './0026-no-token-texts.ts';
import * as flowAndRelayLimits from './0027-flow-and-relay-limits.ts';
import * as policyHits from './0028-policy-hits.ts';
import * as resourceLists from './0030-resource-lists.ts';
import * as takenValues from './0031-taken-values.ts';
import * as exposureHost from './0032-exposure-host.ts';
import * as liveUsage from './0033-live-usage.ts';
import * as proposedChanges from './0034-proposed-changes.ts';
import * as drainedConnectors from './0036-drained-connectors.ts';
import * as resourceLastUses from './0037-resource-last-uses.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-organisation': organisation,
  '0002-nodes-and-people': nodesAndPeople,
  '0003-tokens-and-audit': tokensAndAudit,
  '0004-posture': posture,
  '0005-people-and-sessions': peopleAndSessions,
  '0006-token-names': tokenNames,
  '0007-direct-endpoints': directEndpoints,
  '0008-web-door': webDoor,
  '0009-token-texts': tokenTexts,
  '0010-clusters': clusters,
  '0011-administrators': administrators,
  '0012-local-accounts': localAccounts,
  '0013-requests': requests,
  '0014-grant-who': grantWho,
  '0014-guest-codes': guestCodes,
  '0015-scim': scim,
  '0016-proposals': proposals,
  '0017-organisations': organisations,
  '0018-name-proofs': nameProofs,
  '0019-deleted-organisations': deletedOrganisations,
  '0020-exposures': exposures,
  '0021-mail': mail,
  '0022-invitations': invitations,
  '0024-limits': limits,
  '0025-lookups': lookups,
  '0026-no-token-texts': noTokenTexts,
  '0027-flow-and-relay-limits': flowAndRelayLimits,
  '0028-policy-hits': policyHits,
  '0030-resource-lists': resourceLists,
  '0031-taken-values': takenValues,
  '0032-exposure-host': exposureHost,
  '0033-live-usage': liveUsage,
  '0034-proposed-changes': proposedChanges,
  '0036-drained-connectors': drainedConnectors,
  '0037-resource-last-uses': resourceLastUses,
};
