/**
 * Keeps what a program holds near what it needs. V8 counts memory outside its heap, but looks for what of it is free only
 * when the young generation is full, which bytes alone hardly fill, or in a full collection, which a large heap puts off.
 * So whoever passes bytes asks: for a quick collection each so many bytes, and for a full one much less often and when they
 * have stopped.
 */
import { getHeapStatistics } from 'node:v8';
import { dropFreeBlocks } from '../mux/record-block.ts';
import { dropFreeWaitingBlocks } from '../mux/waiting-blocks.ts';

/** V8 begins a full collection after 64 MiB; what passes lies in two to three buffers, one after the other. */
const everyBytes = 16 * 1_024 * 1_024;
/** What outlived quick collections and is garbage since grows by some 15 MB with so much. */
const oldEveryBytes = 1_024 * 1_024 * 1_024;
/** After so much, and then nothing like it for so long, a program is at rest. */
const restAfterBytes = 32 * 1_024 * 1_024;
const restMs = 1_000;
const afterStartMs = 5_000;
/** Only for more than so much is everything collected at rest: by programs that others wait for, and by one that mostly waits. */
const worthBytes = { serving: 16 * 1_024 * 1_024, waiting: 1_024 * 1_024 };
/** Pings go on at rest. */
const idleBytes = 4_096;

/** A counter of bytes that came or went, which calls `collect` for each `everyBytes`. */
export function collectEvery(bytes: number, collect: () => void): (passed: number) => void {
  let waiting = 0;
  return (passed) => {
    waiting += passed;
    if (waiting < bytes) return;
    waiting = 0;
    collect();
  };
}

/**
 * A counter of bytes that came or went, which calls `collect` once `bytes` have passed and then next to none for a second.
 * @param after runs a function once, so many milliseconds later
 */
export function collectAtRest(
  bytes: number,
  after: (ms: number, run: () => void) => void,
  collect: () => void,
): (passed: number) => void {
  let waiting = 0;
  let seen = 0;
  let isWatching = false;
  const look = (): void => {
    const passed = waiting - seen;
    seen = waiting;
    if (passed > idleBytes) return after(restMs, look);
    isWatching = false;
    waiting = 0;
    return collect();
  };
  return (passed) => {
    waiting += passed;
    if (isWatching || waiting < bytes) return;
    isWatching = true;
    seen = waiting;
    after(restMs, look);
  };
}

/** How a heap is collected, and what it holds. */
interface Heap {
  /** Bytes of objects and buffers, garbage that was not collected among them. */
  readonly held: () => number;
  readonly collectYoung: () => void;
  readonly collectAll: () => void;
}

/**
 * Collects what is young, and everything where more than is `worth` it has come to be held since it last did so: with what nobody
 * uses at that moment V8 gives up what it has compiled for it as well, and the next requests cost twice as much for seconds.
 */
export function collectWhatIsWorthIt(
  { held, collectYoung, collectAll }: Heap,
  worth: () => number,
): () => void {
  let keptBytes = 0;
  return () => {
    collectYoung();
    if (held() - keptBytes <= worth()) return;
    collectAll();
    keptBytes = held();
  };
}

/** There with `--expose-gc`, which the launcher gives to programs that gain by it. */
const { gc } = globalThis;

const heap: Heap = {
  held: () => {
    const { used_heap_size: objects, external_memory: buffers } = getHeapStatistics();
    return objects + buffers;
  },
  collectYoung: () => gc?.({ type: 'minor', execution: 'sync' }),
  collectAll: () => gc?.({ type: 'major', execution: 'sync' }),
};

let returnFree = (): void => undefined;
let kind: keyof typeof worthBytes = 'serving';
const countYoung = collectEvery(everyBytes, heap.collectYoung);
const countOld = collectEvery(oldEveryBytes, heap.collectAll);
const collectAtLast = collectWhatIsWorthIt(heap, () => worthBytes[kind]);
const countForRest = collectAtRest(
  restAfterBytes,
  (ms, run) => void setTimeout(run, ms).unref(),
  () => {
    dropFreeBlocks();
    dropFreeWaitingBlocks();
    collectAtLast();
    returnFree();
  },
);

/**
 * What only the start of a program needed is collected once, a moment after it: modules that were compiled, documents that were
 * read. For programs that mostly wait; takes a tenth of a second then.
 * @param giveBack gives what was freed back to the system, then and whenever the program has come to rest
 */
export function collectAfterStart(giveBack: () => void): void {
  returnFree = giveBack;
  kind = 'waiting';
  const collect = (): void => {
    gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    returnFree();
  };
  setTimeout(collect, afterStartMs).unref();
}

/** So many bytes came or went. */
export function countPassed(bytes: number): void {
  if (gc === undefined) return;
  countYoung(bytes);
  countOld(bytes);
  countForRest(bytes);
}
