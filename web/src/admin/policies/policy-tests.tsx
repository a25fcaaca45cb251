/** Tests beside the policies: what somebody can and cannot use. A change that breaks one is not saved. */
import { useState } from 'react';
import { parse, stringify } from 'yaml';
import type { PolicyTestDocument } from '../../../../protocol/policy-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { TextArea } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useBegun } from '../document/use-begun.tsx';
import { useReview } from '../document/use-review.tsx';
import { TestLines } from './test-lines.tsx';

const example = `- user: alice@acme.example
  groups: [staff]
  can: [wiki]
  cannot: [databases]
`;

export function PolicyTests({ base: live }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const { base, isOld, saved, notice } = useBegun(live, ({ tests = [] }) => tests);
  const tests = live.document.tests ?? [];
  const [text, setText] = useState(() => written(tests));
  const [fault, setFault] = useState<string>();
  const [review, propose] = useReview();
  const check = (): void => {
    try {
      const value = (text.trim() === '' ? [] : parse(text)) as unknown;
      if (!Array.isArray(value)) throw new Error('The tests are a list: each begins with a hyphen.');
      setFault(undefined);
      const next = value as PolicyTestDocument[];
      propose({
        title: 'Change the policy tests',
        base,
        next: { ...base.document, tests: next },
        fragment: { tests: next },
        onSaved: saved,
      });
    } catch (error) {
      setFault(error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
    }
  };
  return (
    <div className="grid gap-6 lg:grid-cols-2">
      <Panel title="Tests" aside={<span className="text-small text-quiet">{tests.length}</span>}>
        <TestLines
          tests={tests}
          empty="None yet. A test says what somebody can and cannot use; whatever would break it is not saved, here or by the command line."
        />
      </Panel>
      {may('document.write-access') ? (
        <div className="grid content-start gap-3">
          {notice((now) => {
            setText(written(now.tests ?? []));
            setFault(undefined);
          })}
          <TextArea
            label="As YAML"
            rows={16}
            placeholder={example}
            value={text}
            fault={fault}
            onChange={(event) => setText(event.target.value)}
          />
          <div>
            <Button disabled={isOld} onClick={check}>
              See what it would do
            </Button>
          </div>
        </div>
      ) : undefined}
      {review}
    </div>
  );
}

function written(tests: readonly PolicyTestDocument[]): string {
  return tests.length === 0 ? '' : stringify(tests, { lineWidth: 100 });
}
