/** What a mutant is: one guard of the product taken out, and the tests that must notice. */

export interface Mutant {
  /** The guard that is missing, as a promise that is broken. */
  readonly name: string;
  /** The source file, from the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly guard: string;
  /** What stands there instead. */
  readonly without: string;
  /** Test files, from the root; at least one test of theirs must fail. They import the source, and start no program. */
  readonly tests: readonly string[];
}
