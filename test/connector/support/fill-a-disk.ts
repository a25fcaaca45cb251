/** A flow log on a disk of 64 KiB, as a process of its own in the mount namespace that has it: says what became of it. */
import { FlowLog } from '../../../connector/flows/flow-log.ts';
import { systemClock } from '../../../protocol/clock.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';

const state = openStateDirectory(process.argv[2] ?? '');
let alarms = 0;
const open = (): FlowLog => new FlowLog({ state, clock: systemClock, alarm: () => (alarms += 1) });
const log = open();
log.received(0);
let recorded = 0;
for (; !log.full && recorded < 10_000; recorded++) log.record({ at: 1, event: 'open', flow: 'a'.repeat(37) });
log.record({ at: 2, event: 'close', flow: 'b' });
recorded += 1;
log.tend();
const whileFull = log.full;
const restarted = open();
const afterRestart = { full: restarted.full, found: restarted.batch().length };
restarted.close();
log.received(recorded);
const afterReceipt = log.full;
log.record({ at: 3, event: 'open', flow: 'c' });
log.close();
const last = open().batch();
console.log(JSON.stringify({ recorded, alarms, whileFull, afterRestart, afterReceipt, last }));
