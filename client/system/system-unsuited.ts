/** What a system lacks before names can be captured on it; the message names the line to run. Thrown before any change. */
import { Fault } from '../../protocol/errors.ts';

export class SystemUnsuited extends Fault {
  constructor(message: string) {
    super('internal', message);
    this.name = 'SystemUnsuited';
  }
}
