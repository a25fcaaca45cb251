/** How a program that runs in the foreground learns that it should end in order. */

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Settles at the next SIGINT or SIGTERM. Asked again while the program ends in order, it tells of a second one; where
 * nobody asks, a second one ends the process at once.
 */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const heard = (): void => {
      for (const signal of signals) process.off(signal, heard);
      resolve();
    };
    for (const signal of signals) process.on(signal, heard);
  });
}
