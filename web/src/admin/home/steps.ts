/** What an overview says is still to be set up, each with where that is done. */
import type { Overview } from '../../../../protocol/overview.ts';

export interface Step {
  readonly title: string;
  readonly text: string;
  readonly done: boolean;
  /** What the link says, and where it leads. */
  readonly go: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
}

export function stepsIn({ counts }: Overview): Step[] {
  return [
    {
      title: 'Connect a network',
      text: 'One line on a machine inside it. The connector dials out; nothing has to be opened.',
      done: counts.connectors > 0,
      go: 'Add a connector',
      to: '/admin/networks',
      search: { add: 'connector' },
    },
    {
      title: 'Add something to protect',
      text: 'A name inside that network and its ports: a wiki, a database, a machine to log in to.',
      done: counts.resources > 0,
      go: 'Add a resource',
      to: '/admin/resources',
      search: { add: 'resource' },
    },
    {
      title: 'Say who may use it',
      text: 'Nobody may use anything before a policy allows it.',
      done: counts.policies > 0,
      go: 'Add a policy',
      to: '/admin/policies',
      search: { add: 'policy' },
    },
    {
      title: 'Let people sign in',
      text: 'With the accounts they have: any OpenID Connect provider.',
      done: counts.identityProviders > 0,
      go: 'Add a provider',
      to: '/admin/settings',
      search: { add: 'provider' },
    },
    {
      title: 'Connect a device',
      text: 'postern up on a laptop, and names such as wiki.acme.internal just work.',
      done: counts.devices > 0,
      go: 'See how',
      to: '/install',
    },
  ];
}
