/**
 * Which suffixes strangers share and which are nobody's in public: one list for the controller, which refuses them in a
 * document, and for the client, which refuses them from a controller. A small rule of our own, not the public suffix
 * list: it must hold without a download.
 */

/**
 * Suffixes that are not delegated in the public tree: set aside for private use (RFC 2606, 6762 appendix G, 8375, and
 * `internal`), and what people use besides.
 */
export const privateSuffixes: ReadonlySet<string> = new Set([
  'internal',
  'home.arpa',
  'test',
  'example',
  'invalid',
  'local',
  'lan',
  'home',
  'corp',
  'mail',
  'private',
  'intranet',
]);

/** Second labels under which registries of countries give out names, such as `co.uk` and `com.br`. */
const registries = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'gob',
  'gov',
  'gouv',
  'go',
  'gv',
  'ltd',
  'me',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
  'plc',
  'sch',
]);

/** Hosting suffixes below which strangers have names. */
const sharedSuffixes = new Set([
  'github.io',
  'gitlab.io',
  'pages.dev',
  'workers.dev',
  'vercel.app',
  'netlify.app',
  'herokuapp.com',
  'cloudfront.net',
  'amazonaws.com',
  'azurewebsites.net',
  'web.app',
  'fly.dev',
  'onrender.com',
]);

/** Whether strangers register names right below this normalised name of several labels. */
export function isPublicSuffix(name: string): boolean {
  const labels = name.split('.');
  const [first = '', last = ''] = labels;
  return (labels.length === 2 && last.length === 2 && registries.has(first)) || sharedSuffixes.has(name);
}
