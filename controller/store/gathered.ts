/**
 * Answers together what is asked for at the same time, so that many share what one would cost: a transaction, its commit, what
 * is the same for all. Each answer is begun after it was asked for, so none rests on what was true before.
 */
import { setImmediate } from 'node:timers/promises';
import { UnusableDatabase } from './unusable-database.ts';

export interface GatheredOptions<Question, Answer> {
  /** So many are answered at once; the event loop gets its turn before the next. */
  readonly most: number;
  /** The answers in the order of the questions. What it rejects for is asked once more, each question alone. */
  readonly answer: (questions: readonly Question[]) => Promise<readonly Answer[]>;
}

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class Gathered<Question, Answer> {
  readonly #options: GatheredOptions<Question, Answer>;
  /** Asked for and not begun. */
  readonly #asked: Asked<Question, Answer>[] = [];
  #isRunning = false;

  constructor(options: GatheredOptions<Question, Answer>) {
    this.#options = options;
  }

  /** Rejects with what `answer` rejected for when it was asked this question alone, or with a database that does not answer. */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ question, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#asked.length > 0) {
      // Whoever asks in this turn of the loop goes along.
      await setImmediate();
      const batch = this.#asked.splice(0, this.#options.most);
      if (await this.#settle(batch)) continue;
      // One that cannot be answered takes no other along.
      for (const each of batch) await this.#settle([each]);
    }
    this.#isRunning = false;
  }

  /** Answers a batch, or rejects it; false: each of it is still to be asked alone. */
  async #settle(batch: readonly Asked<Question, Answer>[]): Promise<boolean> {
    try {
      const answers = await this.#options.answer(batch.map(({ question }) => question));
      for (const [place, { resolve }] of batch.entries()) resolve(answers[place] as Answer);
    } catch (error) {
      // What the database is to blame for would hold up each of them anew.
      if (batch.length > 1 && !(error instanceof UnusableDatabase)) return false;
      for (const { reject } of batch) reject(error);
    }
    return true;
  }
}
