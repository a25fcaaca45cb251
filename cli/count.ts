/** A number and its noun as a person writes them: `1 zone`, `3 zones`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
