/** Text that strangers chose, made fit for a terminal: control characters, and those that turn the direction of text, as question marks. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}
