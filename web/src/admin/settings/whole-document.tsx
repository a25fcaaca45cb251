/** The whole organisation as one file: to read, to keep, and to change by hand, through the same review. */
import { useState } from 'react';
import { Download } from 'lucide-react';
import { parse, stringify } from 'yaml';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { TextArea } from '../../ui/field.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { useBegun } from '../document/use-begun.tsx';
import { useReview } from '../document/use-review.tsx';

export default function WholeDocument({ base: live }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const { base, isOld, saved, notice } = useBegun(live, (document) => document);
  const [text, setText] = useState(() => written(base.document));
  const [fault, setFault] = useState<string>();
  const [review, propose] = useReview();
  const mayWrite = may('document.write-sign-in');
  const check = (): void => {
    try {
      const next = parse(text) as unknown;
      if (typeof next !== 'object' || next === null || Array.isArray(next))
        throw new Error('This is no document.');
      setFault(undefined);
      propose({ title: 'Change the document', base, next: next as ShownDocument, onSaved: saved });
    } catch (error) {
      setFault(error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
    }
  };
  return (
    <div className="grid gap-3">
      {notice((now) => {
        setText(written(now));
        setFault(undefined);
      })}
      <TextArea
        label={`postern.yaml, revision ${base.revision}, without secrets`}
        hint="What a list leaves out is removed. Secrets in force stay where they are left out."
        rows={28}
        value={text}
        fault={fault}
        readOnly={!mayWrite}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="flex gap-2">
        {mayWrite ? (
          <Button disabled={isOld} onClick={check}>
            See what it would do
          </Button>
        ) : undefined}
        <Button tone="secondary" onClick={() => saveFile('postern.yaml', 'application/yaml', text)}>
          <Download className="size-4" aria-hidden="true" />
          Save as a file
        </Button>
      </div>
      {review}
    </div>
  );
}

function written(document: ShownDocument): string {
  return stringify(document, { lineWidth: 110 });
}
