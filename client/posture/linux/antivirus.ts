/** Which antivirus or EDR products run on this Linux. */
import { productsAmong } from '../antivirus-programs.ts';
import type { Collector } from '../collector.ts';
import { runningPrograms } from './running.ts';

export const antivirus: Collector = async (machine) => {
  const running = await runningPrograms(machine);
  return running === undefined ? {} : { antivirus: productsAmong(running) };
};
