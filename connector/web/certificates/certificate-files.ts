/**
 * Certificates from a folder: `NAME.pem` (the chain) and `NAME.key` for each hostname, `_.SUFFIX.pem` and `.key` for a
 * wildcard. Looked at again when they are used and have changed, at most once a second, and once a minute in any case.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../../../protocol/clock.ts';

const lookAgainMs = 1_000;
const lookAnywayMs = 60_000;

interface Held {
  /** The name of the file with the chain. */
  readonly file: string;
  readonly stamp: string;
  readonly lookedMs: number;
  readonly context: SecureContext | undefined;
  readonly certificate: X509Certificate | undefined;
  readonly problem: string | undefined;
}

export class CertificateFiles {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #held = new Map<string, Held>();
  #cancelLook: () => void;

  /** @param changed what is there for some name is another than before; never called from within `find` */
  constructor(folder: string, clock: Clock, changed: () => void) {
    this.#folder = folder;
    this.#clock = clock;
    this.#changed = changed;
    this.#cancelLook = clock.after(lookAnywayMs, () => this.#lookAnyway());
  }

  close(): void {
    this.#cancelLook();
  }

  /** What the files hold for this name: its own, or its parent's wildcard; undefined where there are none that can be used. */
  find(host: string): Held | undefined {
    const wildcard = `_${host.slice(host.indexOf('.'))}`;
    for (const name of host.includes('.') ? [host, wildcard] : [host]) {
      const held = this.#look(name);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  #lookAnyway(): void {
    for (const name of this.#held.keys()) this.#look(name);
    this.#cancelLook = this.#clock.after(lookAnywayMs, () => this.#lookAnyway());
  }

  #look(name: string): Held | undefined {
    const last = this.#held.get(name);
    const nowMs = this.#clock.nowMs();
    if (last !== undefined && nowMs - last.lookedMs < lookAgainMs) return last;
    const files = ['pem', 'key'].map((ending) => join(this.#folder, `${name}.${ending}`));
    const stamp = stampOf(files);
    if (last !== undefined && last.stamp !== stamp) queueMicrotask(this.#changed);
    if (stamp === undefined) {
      this.#held.delete(name);
      return undefined;
    }
    const held =
      last?.stamp === stamp
        ? { ...last, lookedMs: nowMs }
        : { ...load(files, last), file: `${name}.pem`, stamp, lookedMs: nowMs };
    this.#held.set(name, held);
    return held;
  }
}

/** A pair that cannot be used leaves the one before it in force: files are often written one after the other. */
function load(
  [certFile = '', keyFile = '']: readonly string[],
  last: Held | undefined,
): Pick<Held, 'context' | 'certificate' | 'problem'> {
  try {
    const cert = readFileSync(certFile);
    const context = createSecureContext({ cert, key: readFileSync(keyFile), minVersion: 'TLSv1.2' });
    return { context, certificate: new X509Certificate(cert), problem: undefined };
  } catch {
    const problem = `${certFile} and its .key are no certificate and key that belong together`;
    return { context: last?.context, certificate: last?.certificate, problem };
  }
}

function stampOf(files: readonly string[]): string | undefined {
  try {
    return files
      .map((file) => {
        const { mtimeMs, size, ino } = statSync(file);
        return `${mtimeMs} ${size} ${ino}`;
      })
      .join(' ');
  } catch {
    return undefined;
  }
}
