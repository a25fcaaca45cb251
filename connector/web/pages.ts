/**
 * What the web door says by itself: a page for people, JSON for programs. Texts are ours alone: nothing of a request or of an
 * origin is ever echoed (SEC-J1).
 */
/** What went wrong, as both page and JSON tell it. */
export interface Notice {
  readonly status: number;
  /** For programs. */
  readonly error: string;
  readonly title: string;
  /** One or two sentences: what happened, and what to do. */
  readonly text: string;
  /** Further response headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A path of this host to go on with, already checked, or nothing for the same address again; shown as a link. */
  readonly link?: { readonly path: string; readonly label: string };
  /** Forms that post there, in place of the link. */
  readonly actions?: readonly { readonly path: string; readonly label: string }[];
  /** The controller's page that says who somebody is here, why not, and takes requests for access. */
  readonly why?: { readonly url: string; readonly label: string };
  /** The way of the request up to the one that failed, in order. */
  readonly hops?: readonly Hop[];
}

export interface Hop {
  readonly name: string;
  readonly isWell: boolean;
}

/** This hostname is never asked for in plain text again, for a year; what lies below it is not ours to speak for. */
export const strictTransport = { 'strict-transport-security': 'max-age=31536000' } as const;

/** Of pages and answers to programs alike: a page opened by hand is one, whatever it holds (SEC-J4). */
const ownHeaders = {
  ...strictTransport,
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function render(notice: Notice, forPeople: boolean): Rendered {
  const type = forPeople ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  const body = forPeople ? page(notice) : JSON.stringify(answer(notice));
  return {
    status: notice.status,
    headers: {
      ...ownHeaders,
      // A browser that tells nothing sends its form without its origin, too.
      ...(notice.actions === undefined ? {} : { 'referrer-policy': 'same-origin' }),
      'content-type': type,
      ...notice.headers,
    },
    body: `${body}\n`,
  };
}

function answer({ error, text, why, hops }: Notice): object {
  const failed = hops?.find(({ isWell }) => !isWell);
  return {
    error,
    message: text,
    ...(failed === undefined ? {} : { failed: failed.name.toLowerCase() }),
    ...(why === undefined ? {} : { why: why.url }),
  };
}

function page({ title, text, link, actions, why, hops = [] }: Notice): string {
  const ways = link === undefined ? '' : `<p><a href="${escaped(link.path)}">${escaped(link.label)}</a></p>`;
  const forms = (actions ?? []).map(
    ({ path, label }) =>
      `<form method="post" action="${escaped(path)}"><button>${escaped(label)}</button></form>`,
  );
  const next = forms.length === 0 ? ways : forms.join('');
  const reasons = why === undefined ? '' : `<p><a href="${escaped(why.url)}">${escaped(why.label)}</a></p>`;
  const way = hops.map(
    ({ name, isWell }) =>
      `<li class="${isWell ? 'well' : 'failed'}">${escaped(name)}: ${isWell ? 'works' : 'failed'}</li>`,
  );
  const shownWay = way.length === 0 ? '' : `<ol>${way.join('')}</ol>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;overflow-wrap:anywhere;color:#1f2328;background:#fff}
h1{font-size:1.4rem}a,button{font:inherit}form{display:inline-block;margin:0 .75rem .75rem 0}
ol{padding-left:1.2rem}.failed{font-weight:600}
button{padding:.4rem .9rem;border:1px solid #8c959f;border-radius:.4rem;color:inherit;background:#f6f8fa;cursor:pointer}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#6cb6ff}button{border-color:#656d76;background:#21262d}}</style>
</head><body><main><h1>${escaped(title)}</h1><p>${escaped(text)}</p>${shownWay}${next}${reasons}</main></body></html>`;
}

function escaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
