/** Which of some resources a person means by what they typed: a name, or a host that leads to it. */
import { mostSpecific, parseName } from '../../protocol/names.ts';
import type { Resource } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { webHostnames } from '../organisation/resource-web.ts';

/** The one that a person means: by its name, else by a host that leads to it. Goes through all of them, whatever it finds. */
export function meant<T>(list: readonly T[], asked: string, of: (entry: T) => Resource): T | undefined {
  const [named] = list.filter((entry) => of(entry).definition.name === asked);
  const host = parseName(asked);
  if (host === undefined) return named;
  const reached = list.map((entry) => {
    const { definition } = of(entry);
    return { entry, hosts: [...resourceHosts(definition), ...webHostnames(definition)] };
  });
  const led = mostSpecific(reached, host);
  return named ?? led?.entry;
}
