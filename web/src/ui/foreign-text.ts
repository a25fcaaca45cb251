/**
 * Text that somebody else chose, made safe to stand in a line: cut to a length that no layout breaks on, and without
 * characters that hide or reorder what stands beside it.
 */

/** Control, zero-width and direction-changing characters, each shown as one visible mark. */
// eslint-disable-next-line no-control-regex
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** The text as it may stand in a page, at most `limit` characters. */
export function foreignText(text: string, limit = 120): string {
  const shown = text.slice(0, limit * 4).replaceAll(unseen, '\u{fffd}');
  const letters = Array.from(shown);
  return letters.length > limit ? `${letters.slice(0, limit - 1).join('')}…` : shown;
}
