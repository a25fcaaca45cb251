/**
 * Makes an organisation with a sign-in address of its own, beside the records. Whatever stands against the address is said
 * before anything is written.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { matchesPattern, parseName } from '../../protocol/names.ts';
import { relayHosts } from '../decisions/servers.ts';
import { namesToProve } from '../organisation/owned-names.ts';
import { readOrganisation } from '../organisation/organisation-state.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import { OrganisationTaken, type Store } from '../store/store.ts';
import { recordFor, type ProofRecord } from './asked-names.ts';
import { syncNames } from './name-proofs.ts';

/** As documents name organisations. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export interface NewOrganisation {
  readonly name: string;
  /** Where its people shall sign in; undefined: a name below the controller's own. */
  readonly address: string | undefined;
  /** The controller's. */
  readonly publicUrl: URL;
  readonly nowMs: number;
}

/** It cannot be made; the message is a sentence that says why and what to do. */
export class UnfitOrganisation extends Error {}

/**
 * Makes it. `toProve`: names that those who were there have in use, and have to prove within two days, by organisation. Throws
 * `UnfitOrganisation`.
 */
export async function createOrganisation(
  store: Store,
  { name, address, publicUrl, nowMs }: NewOrganisation,
): Promise<{
  readonly id: OrganisationId;
  readonly address: URL;
  readonly toProve: readonly ProofRecord[];
}> {
  if (!namePattern.test(name))
    throw new UnfitOrganisation(`"${name}" is no name; write lower-case letters, digits, dots, dashes`);
  const url = address === undefined ? below(publicUrl, name) : parsed(address);
  await objectTo(store, url, publicUrl);
  try {
    const id = await store.createOrganisation({ name, address: url.origin });
    const toProve = await beginToProve(store, nowMs);
    return { id, address: url, toProve };
  } catch (error) {
    if (!(error instanceof OrganisationTaken)) throw error;
    const what = error.what === 'name' ? `is called ${name}` : `signs in at ${url.origin}`;
    throw new UnfitOrganisation(`another organisation ${what}; see postern organisation list`);
  }
}

/** With a second organisation names have to be somebody's: what the first has in use is its own until it is looked at. */
async function beginToProve(store: Store, nowMs: number): Promise<ProofRecord[]> {
  const records: ProofRecord[] = [];
  for (const id of await store.organisations()) {
    const added = await store.forOrganisation(id).transaction(async (tx) => {
      if (!(await tx.beginToProve())) return [];
      const { document } = await readOrganisation(tx);
      await syncNames(tx, document, nowMs, true);
      const names = [...namesToProve(document)];
      return names.flatMap(([name, proof]) => (proof === 'dns' ? [recordFor(id, name)] : []));
    });
    records.push(...added);
  }
  return records;
}

/** `https://NAME.access.acme.example:8443` below `https://access.acme.example:8443`. */
function below(publicUrl: URL, name: string): URL {
  const url = new URL(publicUrl.origin);
  url.hostname = `${name}.${publicUrl.hostname}`;
  if (url.hostname === publicUrl.hostname || parseName(url.hostname) === undefined)
    throw new UnfitOrganisation(
      `there is no name "${name}" below ${publicUrl.hostname}; give --address https://access.${name}.example`,
    );
  return url;
}

function parsed(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '')
    throw new UnfitOrganisation(
      `"${text}" is no address; give one such as https://access.globex.example:8443`,
    );
  return url;
}

async function objectTo(store: Store, { protocol, hostname }: URL, publicUrl: URL): Promise<void> {
  if (protocol !== publicUrl.protocol)
    throw new UnfitOrganisation(
      `the controller is reached by ${publicUrl.protocol.slice(0, -1)}; begin the address with ${publicUrl.protocol}//`,
    );
  const host = parseName(hostname);
  if (host === undefined)
    throw new UnfitOrganisation(
      `"${hostname}" is no name of its own; give a name that leads to the controller`,
    );
  if (hostname === publicUrl.hostname)
    throw new UnfitOrganisation(
      `${hostname} is the controller's own name, where the first organisation signs in; give another --address`,
    );
  for (const id of await store.organisations()) {
    const scoped = store.forOrganisation(id);
    if ((await relayHosts(scoped)).includes(hostname))
      throw new UnfitOrganisation(`${hostname} is the name of a relay; give another --address`);
    const { resources } = await readOrganisation(scoped);
    if (
      resources.some(({ definition }) => webHostnames(definition).some((each) => matchesPattern(each, host)))
    )
      throw new UnfitOrganisation(
        `${hostname} is a public hostname of an organisation; give another --address`,
      );
  }
}
