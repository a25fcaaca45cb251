/**
 * A device's flow at the web door: what the connector saw of it, never what the device says. It stands where a browser's
 * cookie stands otherwise, so that one endpoint serves both doors.
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { DeviceId, ResourceId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import type { Right } from './right.ts';

export interface DeviceFlow {
  /** The public hostname for which it was opened: its TLS is for this name and no other. */
  readonly host: Name;
  /** The resource that the hostname led to then. */
  readonly resource: ResourceId;
  readonly device: DeviceId;
  /** By what right it is open now, or why by none. */
  right(): Right | CodeName;
}
