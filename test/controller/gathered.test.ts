/** What is asked for at the same time is answered together, and nobody pays for another's question. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gathered } from '../../controller/store/gathered.ts';
import { UnusableDatabase } from '../../controller/store/unusable-database.ts';

test('those who ask in one turn of the loop are answered together, in their order and so many at once', async () => {
  const batches: (readonly number[])[] = [];
  const gathered = new Gathered({
    most: 3,
    answer: async (numbers: readonly number[]) => {
      batches.push(numbers);
      return numbers.map((number) => number * 10);
    },
  });
  const answers = await Promise.all([1, 2, 3, 4, 5].map((number) => gathered.ask(number)));
  assert.deepEqual(answers, [10, 20, 30, 40, 50]);
  assert.deepEqual(batches, [
    [1, 2, 3],
    [4, 5],
  ]);
  assert.equal(await gathered.ask(6), 60);
});

test('what is asked for while others are answered is begun after them', async () => {
  let truth = 'before';
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const gathered = new Gathered({
    most: 10,
    answer: async (names: readonly string[]) => {
      const seen = truth;
      begin();
      await held;
      return names.map((name) => `${name} ${seen}`);
    },
  });
  const first = gathered.ask('first');
  await begun;
  truth = 'after';
  const second = gathered.ask('second');
  goOn();
  assert.deepEqual(await Promise.all([first, second]), ['first before', 'second after']);
});

test('one that cannot be answered is rejected with its own error, and takes no other along', async () => {
  const gathered = new Gathered({
    most: 10,
    answer: async (numbers: readonly number[]) => {
      for (const number of numbers) if (number < 0) throw new Error(`there is no root of ${number}`);
      return numbers.map(Math.sqrt);
    },
  });
  const settled = await Promise.allSettled([4, -1, 9, -4].map((number) => gathered.ask(number)));
  assert.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message)),
    [2, 'there is no root of -1', 3, 'there is no root of -4'],
  );
  assert.equal(await gathered.ask(16), 4);
});

test('a database that does not answer is asked once, not once for each', async () => {
  const away = new UnusableDatabase('away', 'the database cannot be used: it does not answer');
  let asked = 0;
  const gathered = new Gathered({
    most: 10,
    answer: async (): Promise<readonly number[]> => {
      asked += 1;
      throw away;
    },
  });
  const settled = await Promise.allSettled([1, 2, 3].map((number) => gathered.ask(number)));
  assert.ok(settled.every((each) => each.status === 'rejected' && each.reason === away));
  assert.equal(asked, 1);
});
