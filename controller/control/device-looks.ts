/**
 * Looks at devices for their feeds, those that ask at the same time together: a change that touches thousands costs as many
 * decisions, but few transactions. Each look begins after it was asked for, so none shows what was true before.
 */
import { setImmediate } from 'node:timers/promises';
import type { DeviceId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { deviceViews, type DeviceView, type Had } from '../decisions/device-view.ts';

/** So many share one transaction, and the loop lets their messages out before the next. */
const together = 128;

interface Asked {
  readonly device: DeviceId;
  readonly had: Had | undefined;
  readonly resolve: (view: DeviceView | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class DeviceLooks {
  readonly #context: ControllerContext;
  /** Asked for and not looked at yet. An organisation stays here while its looks are under way. */
  readonly #asked = new Map<OrganisationId, Asked[]>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /**
   * The view of a device as of now or later; undefined when it has none. Rejects with whatever the look threw.
   * @param had the tokens it was given last, which are left out where they are still those
   */
  look(organisation: OrganisationId, device: DeviceId, had?: Had): Promise<DeviceView | undefined> {
    return new Promise((resolve, reject) => {
      const waiting = this.#asked.get(organisation);
      if (waiting !== undefined) return void waiting.push({ device, had, resolve, reject });
      this.#asked.set(organisation, [{ device, had, resolve, reject }]);
      return void this.#run(organisation);
    });
  }

  async #run(organisation: OrganisationId): Promise<void> {
    const asked = this.#asked.get(organisation) ?? [];
    while (asked.length > 0) {
      // Whoever asks in this turn of the loop goes along.
      await setImmediate();
      await this.#lookAt(organisation, asked.splice(0, together));
    }
    this.#asked.delete(organisation);
  }

  async #lookAt(organisation: OrganisationId, batch: readonly Asked[]): Promise<void> {
    try {
      const devices = [...new Set(batch.map(({ device }) => device))];
      const had = new Map<DeviceId, Had>();
      // Of two who ask for the same device, each must get what it lacks.
      const first = new Set<DeviceId>();
      for (const asked of batch) {
        if (asked.had !== undefined && !first.has(asked.device)) had.set(asked.device, asked.had);
        else had.delete(asked.device);
        first.add(asked.device);
      }
      const views = await deviceViews(this.#context, organisation, devices, had);
      for (const { device, resolve } of batch) resolve(views.get(device));
    } catch (error) {
      const [only, ...more] = batch;
      if (more.length === 0) return only?.reject(error);
      // One that cannot be looked at takes no other along.
      for (const each of batch) await this.#lookAt(organisation, [each]);
    }
    return undefined;
  }
}
