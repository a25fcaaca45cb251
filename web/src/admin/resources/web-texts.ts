/** The web door of a resource in words. */
import type { PathRuleDocument, WebDocument } from '../../../../protocol/web-document.ts';

export const certificateTexts: Readonly<Record<NonNullable<WebDocument['certificate']>, string>> = {
  acme: 'from a public authority (ACME)',
  file: 'from files on the connectors',
  'built-in': 'from the built-in authority, which browsers do not know',
};

/** What a rule does with its paths. */
export function pathRuleText({ effect, groups, signIn }: PathRuleDocument): string {
  if (effect === 'public') return 'without signing in';
  if (effect === 'block') return 'nobody';
  const asked = [
    ...(groups === undefined ? [] : [`of ${groups.join(' or ')}`]),
    ...(signIn === undefined ? [] : [`signed in at most ${signIn} ago`]),
  ];
  return `only ${asked.join(', ') || 'who is signed in'}`;
}
