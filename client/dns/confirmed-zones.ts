/**
 * The private zones that the person said yes to when they signed in: nobody can prove whose they are, so one
 * that the organisation declares later is not taken over before its page has shown it, at the next sign-in on this device.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { isWithin, type Name } from '../../protocol/names.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import { privateSuffixes } from '../../protocol/public-suffixes.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';

const file = 'confirmed-zones.json';

const Confirmed = Type.Object({
  schema: Type.Literal('postern.confirmed-zones/v1'),
  /** Of which sign-in. */
  signIn: Type.String(),
  zones: Type.Array(Type.String()),
});

export class ConfirmedZones {
  readonly #state: StateDirectory;
  readonly #notKept: () => void;
  #signIn: string | undefined;
  #zones: readonly string[] = [];

  /**
   * Reads what an earlier process wrote; a file it cannot read as such is as good as none.
   * @param notKept told when it cannot be written down, while this process goes on with it
   */
  constructor(state: StateDirectory, notKept: () => void) {
    this.#state = state;
    this.#notKept = notKept;
    const stored = state.readJson(file);
    if (Value.Check(Confirmed, stored)) ({ signIn: this.#signIn, zones: this.#zones } = stored);
  }

  /**
   * Whether a zone may be taken over by what somebody said of it. The first snapshot after a sign-in has the zones that its
   * page has shown. A zone of the public tree needs no confirmation, and neither does a service account, whose operator chose.
   */
  of({ session, zones }: Pick<DeviceSnapshot, 'session' | 'zones'>): (zone: Name) => boolean {
    if (session.kind === 'service') return () => true;
    const signIn = `${session.id} ${session.began ?? ''}`;
    if (signIn !== this.#signIn && session.ended === undefined) this.#confirm(signIn, zones);
    const confirmed = this.#zones;
    return (zone) => !isPrivate(zone) || confirmed.some((other) => isWithin(zone, other as Name));
  }

  #confirm(signIn: string, zones: readonly string[]): void {
    this.#signIn = signIn;
    this.#zones = zones.filter((zone) => isPrivate(zone as Name));
    const confirmed = { schema: 'postern.confirmed-zones/v1', signIn, zones: this.#zones };
    if (!this.#state.keepJson(file, confirmed)) this.#notKept();
  }
}

/** Below a suffix that is nobody's in DNS. */
function isPrivate(zone: Name): boolean {
  return [...privateSuffixes].some((suffix) => isWithin(zone, suffix as Name));
}
