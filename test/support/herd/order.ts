/** Whether those who left came again in the order in which they left, as they do when each waits equally long. */
export class Order<T> {
  readonly #left: T[] = [];
  /** In the order of their first return; each is in it once. */
  readonly #came = new Set<T>();
  readonly #away = new Set<T>();

  left(who: T): void {
    this.#left.push(who);
    this.#away.add(who);
  }

  /** Of somebody who has not left it changes nothing. */
  came(who: T): void {
    if (this.#away.delete(who)) this.#came.add(who);
  }

  /** Of all pairs of those who have left and come again, the share that came the other way round: 0 for the same order, 0.5 for any. */
  mixed(): number {
    const places = new Map([...this.#came].map((who, place) => [who, place]));
    const order = this.#left.flatMap((who) => places.get(who) ?? []);
    let swapped = 0;
    for (const [at, place] of order.entries())
      for (let later = at + 1; later < order.length; later += 1)
        if ((order[later] as number) < place) swapped += 1;
    return order.length < 2 ? 0 : swapped / ((order.length * (order.length - 1)) / 2);
  }
}
