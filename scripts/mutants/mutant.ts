/** What a mutant is: one guard of the product taken out, and the tests that must notice. */

export interface Mutant {
  /** The guard that is missing, as the promise it keeps or the fault it keeps out. */
  readonly name: string;
  /** The source file, from the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly guard: string;
  /** What stands there instead. */
  readonly without: string;
  /** Test files, from the root; at least one test of theirs must fail. They import the source, or start it as `importedBefore` does. */
  readonly tests: readonly string[];
}

/** Guards of one file that the same tests notice: name, guard, and what stands there instead. */
export function guards(
  file: string,
  tests: readonly string[],
  list: readonly (readonly [name: string, guard: string, without: string])[],
): Mutant[] {
  return list.map(([name, guard, without]) => ({ name, file, guard, without, tests }));
}
