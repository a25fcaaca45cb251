/** Programs that verify who opens them, as docs/identity.md has them: they read the hostname and the audience from the environment. */
import nginx from './samples/nginx.txt?raw';
import node from './samples/node.txt?raw';
import python from './samples/python.txt?raw';

export const identitySamples = [
  {
    id: 'node',
    label: 'Node',
    about: 'With jose from npm. Before an application that knows only a header, nginx can ask this one.',
    text: node,
  },
  {
    id: 'python',
    label: 'Python',
    about: 'With PyJWT and cryptography; the function verified fits Django and Flask as it is.',
    text: python,
  },
  {
    id: 'nginx',
    label: 'nginx',
    about:
      'nginx verifies no ES256 by itself: it asks the program for Node, here at port 8000, before it lets a request in.',
    text: nginx,
  },
] as const;
