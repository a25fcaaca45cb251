/** What is exposed, as its owner and administrators are shown it. */
import type { ExposureEntry } from '../../protocol/exposures.ts';
import type { Id } from '../../protocol/ids.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Exposure } from './exposure.ts';

/** @param person of this one alone */
export async function shownExposures(
  context: ControllerContext,
  { store, reader }: Organisation,
  person?: Id<'usr'>,
): Promise<ExposureEntry[]> {
  const { exposures } = await reader.current();
  const wanted = exposures.filter((each) => person === undefined || each.person === person);
  return shown(context, store, wanted);
}

/** These, in their order. */
export async function shown(
  { presence, webPort }: Pick<ControllerContext, 'presence' | 'webPort'>,
  store: ScopedStore,
  exposures: readonly Exposure[],
): Promise<ExposureEntry[]> {
  if (exposures.length === 0) return [];
  const people = await store
    .select('people')
    .select(['id', 'name', 'email'])
    .where(
      'id',
      'in',
      exposures.map(({ person }) => person),
    )
    .execute();
  const devices = await store
    .select('nodes')
    .select(['id', 'name'])
    .where(
      'id',
      'in',
      exposures.map(({ device }) => device),
    )
    .execute();
  return exposures.map(({ id, connector, person, device, hostname, port, allow, createdMs, untilMs }) => {
    const owner = people.find((each) => each.id === person);
    return {
      id,
      hostname,
      url: `https://${hostname}${webPort === 443 ? '' : `:${webPort}`}/`,
      port,
      person,
      personName: owner?.email ?? owner?.name ?? '',
      device,
      deviceName: devices.find((each) => each.id === device)?.name ?? '',
      ...(allow === undefined ? {} : { allow }),
      started: new Date(createdMs).toISOString(),
      until: new Date(untilMs).toISOString(),
      online: connector !== undefined && presence.isOnline(connector),
    };
  });
}
