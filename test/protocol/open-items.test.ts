import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenItems, OpenMap } from '../../protocol/open-items.ts';
import { Item, leftBy } from '../support/left-behind.ts';

/** A generator with a state of its own, so that every run asks for the same. */
function draws(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

void describe('open items', () => {
  void it('are those that came and have not left', () => {
    const draw = draws();
    const items = new OpenItems<Item>();
    const model = new Set<Item>();
    const all = Array.from({ length: 40 }, () => new Item());
    for (let step = 0; step < 5_000; step++) {
      const item = all[draw(all.length)] as Item;
      if (draw(2) === 0) {
        if (!model.has(item)) items.add(item);
        model.add(item);
      } else assert.equal(items.delete(item), model.delete(item));
      assert.equal(items.size, model.size);
    }
    assert.deepEqual(new Set(items.all()), model);
  });

  void it('may leave while they are walked', () => {
    const items = new OpenItems<Item>();
    for (let added = 0; added < 5; added++) items.add(new Item());
    for (const item of items.all()) items.delete(item);
    assert.equal(items.size, 0);
  });

  void it('of another collection are not deleted here', () => {
    const [here, there] = [new OpenItems<Item>(), new OpenItems<Item>()];
    const item = new Item();
    here.add(new Item());
    there.add(item);
    assert.equal(here.delete(item), false);
    assert.equal(there.delete(item), true);
    assert.equal(here.size, 1);
  });

  void it('are freed by quick collections when they have left', () => {
    const items = new OpenItems<Item>();
    const left = leftBy(
      (item) => items.add(item),
      (item) => items.delete(item),
    );
    assert.ok(left < 3_000_000, `${left} bytes`);
  });
});

void describe('an open map', () => {
  void it('holds what a map does, in its order', () => {
    const draw = draws();
    const map = new OpenMap<number, { readonly at: number }>();
    const model = new Map<number, { readonly at: number }>();
    for (let step = 0; step < 5_000; step++) {
      const key = draw(40);
      if (model.has(key)) assert.equal(map.delete(key), model.delete(key));
      else {
        const value = { at: step };
        map.add(key, value);
        model.set(key, value);
      }
      assert.equal(map.size, model.size);
      assert.equal(map.get(key), model.get(key));
    }
    assert.deepEqual([...map.values()], [...model.values()]);
    assert.equal(map.delete(99), false);
  });

  void it('lets go of what has left it', () => {
    const map = new OpenMap<number, Item>();
    const left = leftBy(
      (item, number) => map.add(number, item),
      (_item, number) => map.delete(number),
    );
    assert.ok(left < 3_000_000, `${left} bytes`);
  });

  void it('is needed: a map of the language keeps megabytes of it', () => {
    const map = new Map<number, Item>();
    const left = leftBy(
      (item, number) => map.set(number, item),
      (_item, number) => map.delete(number),
    );
    assert.ok(left > 3_000_000, `${left} bytes: the language's own would do`);
  });
});
