/**
 * Gives the memory that this process has freed back to the system: the C library keeps what lies between pieces in use, which
 * after a start or a burst of bytes are megabytes. glibc alone has a word for it.
 */
import koffi from 'koffi';

const trim = mallocTrim();

/** Takes milliseconds; nothing where the C library has no such call. */
export function returnFreeMemory(): void {
  trim?.(0);
}

function mallocTrim(): ((keptBytes: number) => number) | undefined {
  try {
    return koffi.load(null).func('int malloc_trim(size_t kept)');
  } catch {
    return undefined;
  }
}
