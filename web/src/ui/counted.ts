/** A number with what is counted, in the right form: `1 policy`, `3 policies`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : several}`;
}
