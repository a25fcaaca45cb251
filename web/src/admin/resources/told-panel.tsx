/** What the application is told of whoever opens it in the browser, with oneself as the example, and programs that verify it. */
import { useState } from 'react';
import type { WebDocument } from '../../../../protocol/web-document.ts';
import { useMe } from '../../shell/may.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Panel } from '../../ui/panel.tsx';
import { Sections } from '../../ui/sections.tsx';
import { identitySamples } from './identity-samples.ts';
import { toldOf } from './told-text.ts';

const sections = [{ id: 'told', label: 'What it gets' }, ...identitySamples];

export function ToldPanel({ web, resource }: { readonly web: WebDocument; readonly resource: string }) {
  const me = useMe();
  const [chosen, setChosen] = useState('told');
  const [nowMs] = useState(Date.now);
  const { host, audience, headers, assertion } = toldOf(me, web, resource, nowMs);
  const sample = identitySamples.find(({ id }) => id === chosen);
  return (
    <Panel title="What the application is told of people">
      <div className="px-5 pt-1 pb-5">
        <Sections label="What it gets, and programs" sections={sections} chosen={chosen} onChange={setChosen}>
          {sample === undefined ? (
            <>
              <p className="max-w-3xl text-small text-quiet text-pretty">
                These headers come with each request; here as if you opened it. What a browser sends under
                their names is taken out first. The plain ones are right where only the connector reaches the
                application; everywhere else it verifies the assertion, with the keys at{' '}
                <code className="font-mono wrap-anywhere">
                  https://{foreignText(host, 253)}/.postern/jwks.json
                </code>
                .
              </p>
              <div className="grid grid-cols-[minmax(0,1fr)] gap-3 lg:grid-cols-[repeat(2,minmax(0,1fr))]">
                <CodeBlock what="The headers" text={lines(headers)} wraps />
                <CodeBlock what="The assertion, decoded" text={lines(assertion)} />
              </div>
              <p className="max-w-3xl text-small text-quiet text-pretty">
                Where the address in the browser has a port, the issuer (iss) has it too. At a public path
                none of this is sent.
              </p>
            </>
          ) : (
            <>
              <p className="max-w-3xl text-small text-quiet text-pretty">{sample.about}</p>
              {sample.id === 'nginx' ? undefined : (
                <CodeBlock
                  what="Its environment"
                  text={`PUBLIC_HOST=${foreignText(host, 253)}\nAUDIENCE=${foreignText(audience, 256)}`}
                />
              )}
              <CodeBlock what={`The program for ${sample.label}`} text={sample.text} />
            </>
          )}
        </Sections>
      </div>
    </Panel>
  );
}

/** Line by line, since the ends of lines are not anybody's. */
function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => foreignText(line, 500))
    .join('\n');
}
