/** What `postern up` changes on a machine, as text to compare: resolv.conf, firewall rules, links, addresses, routes. */
import type { Place } from '../../test/support/lab/place.ts';

const views = [
  'cat /etc/resolv.conf',
  'nft list ruleset',
  'ip -o link show',
  'ip -o address show',
  'ip rule show',
  'ip -6 rule show',
  'ip -4 route show table all',
  'ip -6 route show table all',
];

/** The picture of a place now. */
export async function systemPicture(place: Place): Promise<string> {
  const script = views.map((view) => `echo '# ${view}'; ${view}`).join('\n');
  const { code, stdout, stderr } = await place.run('sh', ['-ec', script]);
  if (code !== 0) throw new Error(`the system of ${place.namespace} cannot be looked at: ${stderr}`);
  return stdout;
}
