/** Binds controls of a form to the keys of what it edits, so that each key is read and written in one way. */
import { withKey } from './with-key.ts';

type KeysFor<T, V> = { [K in keyof T]-?: T[K] extends V | undefined ? K : never }[keyof T];

interface Typed {
  readonly target: { readonly value: string };
}

interface Ticked {
  readonly target: { readonly checked: boolean };
}

/** What to spread into a control. Emptied, a key goes, unless an entry must have it. */
export function keysOf<T extends object>(entry: T, set: (entry: T) => void) {
  const write = <K extends keyof T>(key: K, value: unknown): void =>
    set(withKey(entry, key, value as T[K] | ''));
  const textAt = (key: keyof T): string => (entry[key] as string | undefined) ?? '';
  return {
    /** A word or one of several: no space stands at its ends. For fields and selects. */
    text: (key: KeysFor<T, string>) => ({
      value: textAt(key),
      onChange: ({ target }: Typed) => write(key, target.value.trim()),
    }),
    /** A word that every entry has: it stays where it is, also empty. */
    needed: (key: KeysFor<T, string>) => ({
      value: textAt(key),
      onChange: ({ target }: Typed) => set({ ...entry, [key]: target.value.trim() }),
    }),
    /** Sentences or a certificate, as they are typed. */
    lines: (key: KeysFor<T, string>) => ({
      value: textAt(key),
      onChange: ({ target }: Typed) => write(key, target.value),
    }),
    /** Any number of names. */
    list: (key: KeysFor<T, readonly string[]>) => ({
      chosen: (entry[key] as readonly string[] | undefined) ?? [],
      onChange: (list: string[]) => write(key, list),
    }),
    /** True, or not there. */
    flag: (key: KeysFor<T, boolean>) => ({
      checked: entry[key] === true,
      onChange: ({ target }: Ticked) => write(key, target.checked ? true : ''),
    }),
  };
}
