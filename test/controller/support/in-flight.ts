/** Requests that are let in and finish while the store is busy, for tests of what happens between the two. */
import { PassThrough } from 'node:stream';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import type { ScopedStore } from '../../../controller/store/scoped-store.ts';
import { settle } from '../../support/settle.ts';

export interface Flight {
  /** Sends the rest while the store is busy, so that `first` is written before whatever the request writes. */
  finishBehind(
    store: ScopedStore,
    first: (tx: ScopedStore) => Promise<void>,
  ): Promise<LightMyRequestResponse>;
  /** The same, but what the request looks up before it writes anything is as it was before `first`. */
  finishAround(
    store: ScopedStore,
    first: (tx: ScopedStore) => Promise<void>,
  ): Promise<LightMyRequestResponse>;
}

/** A request that was let in, and whose body has come but for its last byte. */
export async function inFlight(
  app: FastifyInstance,
  body: string,
  options: { method: 'PUT' | 'POST'; url: string; headers: Record<string, string> },
): Promise<Flight> {
  const payload = new PassThrough();
  payload.write(body.slice(0, -1));
  const headers = { ...options.headers, 'content-type': 'application/json' };
  const answer = app.inject({ ...options, headers, payload });
  const answered = answer.then((given) => given);
  await settle(50);
  return {
    async finishBehind(store, first) {
      const free = Promise.withResolvers<void>();
      const busy = store.transaction(() => free.promise);
      await settle();
      const change = store.transaction(first);
      payload.end(body.slice(-1));
      await settle(50);
      free.resolve();
      await busy;
      await change;
      return answered;
    },
    async finishAround(store, first) {
      const free = Promise.withResolvers<void>();
      const busy = store.transaction(() => free.promise);
      await settle();
      payload.end(body.slice(-1));
      // What it looks up waits for the store already, and comes first there.
      await settle(50);
      const change = store.transaction(first);
      free.resolve();
      await busy;
      await change;
      return answered;
    },
  };
}
