/** Where a directory finds SCIM: at the sign-in address of its organisation. */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';

export const scimPath = '/scim/v2';

/** The address that is given to the directory, without a last slash. */
export function scimAddress(
  { organisations }: Pick<ControllerContext, 'organisations'>,
  organisation: OrganisationId,
): string {
  return new URL(scimPath, organisations.addressOf(organisation)).href;
}
