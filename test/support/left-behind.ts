/** What a collection still holds of what has left it, while a few are in it and many come and go. */
import type { OpenItem } from '../../protocol/open-items.ts';
import { collectYoung, heapBytes, heldBytes } from './retained-memory.ts';

/** Something that weighs enough to be missed. */
export class Item implements OpenItem {
  place: number | undefined;
  readonly weight = Array.from({ length: 500 }, () => 1.5);
}

/** How much of what was open, eight at a time, quick collections leave at most once a full one has made what there was old. */
export function leftBy(
  add: (item: Item, number: number) => void,
  remove: (item: Item, number: number) => void,
): number {
  const open: { readonly item: Item; readonly number: number }[] = [];
  let number = 0;
  const churn = (count: number): void => {
    for (let done = 0; done < count; done++) {
      const item = new Item();
      add(item, ++number);
      open.push({ item, number });
      const first = open.length > 8 ? open.shift() : undefined;
      if (first !== undefined) remove(first.item, first.number);
    }
    collectYoung();
    collectYoung();
  };
  churn(1_000);
  heldBytes();
  const before = heapBytes();
  let most = 0;
  // Looked at in between, since another full collection may come at any time.
  for (let round = 0; round < 10; round++) {
    churn(500);
    most = Math.max(most, heapBytes() - before);
  }
  return most;
}
