/** Everything that the pages send to change or try something, as it stands in `web/src/api`, and what of it a browser has sent. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { BrowserContext, Request } from 'playwright-core';
import { doneIn, type Effect } from './done-in.ts';

const folder = new URL('../../../web/src/api/', import.meta.url);

/** By method and path with `:` for what varies, such as `POST devices/:/block`. */
export function mutations(): string[] {
  const found = readdirSync(folder)
    .filter((name) => name !== 'call.ts')
    .flatMap((name) => inSource(readFileSync(new URL(name, folder), 'utf8')));
  return [...new Set(found)].toSorted();
}

/** Each `call` in an API's source that does not only read. */
export function inSource(source: string): string[] {
  return source
    .split(/\n {2}(?=\w+: )/)
    .flatMap((entry) =>
      [...entry.matchAll(/'(POST|PUT|DELETE)',\s*/g)].flatMap(({ 0: text, 1: method, index }) =>
        pathsOf(entry.slice(index + text.length), entry).map((path) => `${method} ${path}`),
      ),
    );
}

/** What the argument that begins here may be: each side of a choice, each member of a union. */
function pathsOf(from: string, entry: string): string[] {
  const [, choice] = /^\w+ \?\s*([^,]*),?/.exec(from) ?? [];
  if (choice !== undefined) return [...choice.matchAll(/'([^']*)'/g)].map(([, path = '']) => path);
  const [, plain] = /^'([^']*)'/.exec(from) ?? [];
  if (plain !== undefined) return [plain];
  const [, template] = /^(?:withQuery\()?`([^`]*)`/.exec(from) ?? [];
  if (template === undefined) throw new Error(`not understood: ${from.slice(0, 60)}`);
  let paths = [''];
  for (const piece of template.split(/(\$\{[^}]*\})/)) {
    const each = piece.startsWith('${') ? valuesOf(piece.slice(2, -1), entry) : [piece];
    paths = paths.flatMap((path) => each.map((value) => path + value));
  }
  return paths;
}

function valuesOf(expression: string, entry: string): string[] {
  // A query, which a path is without.
  if (expression === 'keeping') return [''];
  const union = new RegExp(`\\b${expression.replace(/\W.*/, '')}: ((?:'[\\w-]+'(?: \\| )?)+)`).exec(
    entry,
  )?.[1];
  const literals = expression.includes('?') ? expression : /^\w+$/.test(expression) ? union : undefined;
  return literals === undefined
    ? [':']
    : [...literals.matchAll(/'([\w-]+)'/g)].map(([, value = '']) => value);
}

const known = mutations().map((name) => ({
  name,
  // The most exact first: a name may stand where another has something that varies.
  varying: name.split(':').length,
  pattern: new RegExp(`^${name.replaceAll('/', '\\/').replaceAll(':', '[^/]+')}$`),
}));

/** Which of them a request is; undefined for what is none. */
export function mutationOf(request: Request): string | undefined {
  const { pathname } = new URL(request.url());
  const sent = `${request.method()} ${pathname.replace('/api/v1/', '')}`;
  return known
    .toSorted((a, b) => a.varying - b.varying)
    .find(({ pattern }) => pathname.startsWith('/api/v1/') && pattern.test(sent))?.name;
}

const done = new Map<string, Set<Effect | undefined>>();

/** Notes what of them the pages of a browser send and the controller agrees to. */
export function noteActions(context: BrowserContext): void {
  context.on('response', (response) => {
    const name = mutationOf(response.request());
    if (name !== undefined && response.ok()) note(name, undefined);
  });
}

/** Notes that one of them was seen to cut or to open something. */
export function note(name: string, effect: Effect | undefined): void {
  done.set(name, (done.get(name) ?? new Set()).add(effect));
}

/** What `doneIn` says of a file of tests and was not done in it, now that they are over. */
export function undone(file: string): string[] {
  return Object.entries(doneIn)
    .filter(
      ([name, { in: where, effect }]) => where === basename(file, '.test.ts') && !done.get(name)?.has(effect),
    )
    .map(([name, { effect }]) => (effect === undefined ? name : `${name}: ${effect} nothing`));
}
