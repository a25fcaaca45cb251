/** Walks steps one after the other and prints what was observed, one line each. */

interface Walked<World> {
  readonly title: string;
  readonly run: (world: World) => Promise<string>;
}

/** Runs all steps, those after a failure too; true when every one held. Ends with `N steps, N held`. */
export async function walk<World>(steps: readonly Walked<World>[], world: World): Promise<boolean> {
  let held = 0;
  for (const [index, { title, run }] of steps.entries()) {
    const number = String(index + 1).padStart(2);
    try {
      const observed = await run(world);
      held += 1;
      say(`${number} ✓ ${title}: ${observed}`);
    } catch (error) {
      say(`${number} ✗ ${title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  say(`${steps.length} steps, ${held} held`);
  return held === steps.length;
}

/** Prints a line for whoever watches. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
