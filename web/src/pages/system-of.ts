/** Which system a browser says it runs on, where the client could run: Linux for whatever else it is. */
export type System = 'linux' | 'macos' | 'windows';

export function systemOf(userAgent: string): System {
  if (userAgent.includes('Windows')) return 'windows';
  // Phones of the same maker say "like Mac OS X".
  return userAgent.includes('Macintosh') ? 'macos' : 'linux';
}
