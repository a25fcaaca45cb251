/** Programs that verify who opens them, as docs/identity.md has them: they read the hostname and the audience from the environment. */

export const identitySamples = [
  {
    id: 'node',
    label: 'Node',
    about: 'With jose from npm. Before an application that knows only a header, nginx can ask this one.',
    text: `import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { PUBLIC_HOST, AUDIENCE, PORT = '8000' } = process.env;
const { JWKS = \`https://\${PUBLIC_HOST}/.postern/jwks.json\` } = process.env;
const keys = createRemoteJWKSet(new URL(JWKS));
const expected = {
  issuer: \`https://\${PUBLIC_HOST}\`,
  audience: AUDIENCE,
  algorithms: ['ES256'],
  typ: 'postern-assertion+jwt',
};

createServer(async (request, response) => {
  try {
    const { payload } = await jwtVerify(request.headers['postern-assertion'] ?? '', keys, expected);
    response.setHeader('verified-email', payload.email ?? '');
    response.end(\`Hello \${payload.name}, of \${payload.groups.join(' and ')}\`);
  } catch {
    response.writeHead(401).end('Open this through Postern');
  }
}).listen(Number(PORT), '127.0.0.1');`,
  },
  {
    id: 'python',
    label: 'Python',
    about: 'With PyJWT and cryptography; the function verified fits Django and Flask as it is.',
    text: `import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

hostname = os.environ["PUBLIC_HOST"]
keys = jwt.PyJWKClient(os.environ.get("JWKS", f"https://{hostname}/.postern/jwks.json"))


def verified(assertion):
    if jwt.get_unverified_header(assertion).get("typ") != "postern-assertion+jwt":
        raise jwt.InvalidTokenError("this is another kind of token")
    key = keys.get_signing_key_from_jwt(assertion).key
    return jwt.decode(
        assertion,
        key,
        algorithms=["ES256"],
        audience=os.environ["AUDIENCE"],
        issuer=f"https://{hostname}",
        options={"require": ["exp", "iat", "sub"]},
    )


class Application(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            person = verified(self.headers.get("Postern-Assertion", ""))
            status, text = 200, f"Hello {person['name']}, of {' and '.join(person['groups'])}"
        except jwt.PyJWTError:
            status, text = 401, "Open this through Postern"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Application).serve_forever()`,
  },
  {
    id: 'nginx',
    label: 'nginx',
    about:
      'nginx verifies no ES256 by itself: it asks the program for Node, here at port 8000, before it lets a request in.',
    text: `server {
    listen 127.0.0.1:8080;

    location / {
        auth_request /verify;
        auth_request_set $verified_email $upstream_http_verified_email;
        proxy_set_header X-Webauth-User $verified_email;
        proxy_set_header Postern-Assertion "";
        proxy_pass http://127.0.0.1:9000;
    }

    location = /verify {
        internal;
        proxy_pass http://127.0.0.1:8000;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
}`,
  },
] as const;
