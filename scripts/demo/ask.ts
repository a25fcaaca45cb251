/** What the steps of the tour ask from a place, as any program there would: web pages and names. */
import type { Place } from '../../test/support/lab/place.ts';

/** What curl saw. */
export interface Fetched {
  /** curl's exit code: 0 ok, 6 no such name, 7 connection refused, 28 timeout, 52 and 56 cut. */
  code: number | null;
  body: string;
  error: string;
}

/** Fetches a URL with curl, giving it `seconds`. */
export async function curl(place: Place, url: string, ...more: string[]): Promise<Fetched> {
  const { code, stdout, stderr } = await place.run('curl', ['-sS', '--max-time', '3', ...more, url]);
  return { code, body: stdout, error: stderr.trim() };
}

/** What dig printed about one name. */
export interface Dug {
  /** The response code's name, such as NOERROR. */
  status: string;
  answers: string[];
  /** The extended error (RFC 8914), where there is one. */
  extended: { code: number; text: string } | undefined;
}

/** Asks the place's own resolver. */
export async function dig(place: Place, name: string, type = 'A'): Promise<Dug> {
  const { stdout } = await place.run('dig', ['+tries=1', '+time=3', name, type]);
  const extended = /^; EDE: (\d+)[^:\n]*(?:: \((.*)\))?$/m.exec(stdout);
  const answer = /;; ANSWER SECTION:\n((?:.+\n)*)/.exec(stdout)?.[1] ?? '';
  return {
    status: /status: (\w+)/.exec(stdout)?.[1] ?? 'no answer',
    answers: answer
      .trimEnd()
      .split('\n')
      .flatMap((line) => line.split(/\s+/)[4] ?? []),
    extended: extended === null ? undefined : { code: Number(extended[1]), text: extended[2] ?? '' },
  };
}

/** A title of a page, or the first line of what came instead. */
export function titleOf({ body, error }: Fetched): string {
  return /<title>(.*)<\/title>/.exec(body)?.[1] ?? body.split('\n')[0] ?? error;
}
