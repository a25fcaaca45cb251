/** An open request or upgrade as it is listed for administrators. */
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { Exchange } from './exchange.ts';

/** Undefined of what is part of a device's own flow, which is listed where it was accepted. */
export function liveFlowOf(flow: string, { options }: Exchange): LiveFlow | undefined {
  const { right, resource, target, device, sinceMs } = options;
  if (device !== undefined && right?.door !== 'web') return undefined;
  const port = Number(/:(\d+)$/.exec(target.authority)?.[1] ?? 443);
  const whose = right === undefined ? {} : { subject: right.sub };
  return { flow, since: sinceMs, ...whose, resource: resource.id, host: target.host, port, kind: 'web' };
}
