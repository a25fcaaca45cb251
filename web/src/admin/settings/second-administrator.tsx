/** Whether a second administrator approves each change of the document before it is in force. */
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Check } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';

export function SecondAdministrator({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const [review, propose] = useReview();
  const required = base.document.changes?.approval === 'required';
  const change = (next: boolean): void => {
    const { changes: _, ...rest } = base.document;
    const changed: Pick<ShownDocument, 'changes'> = next ? { changes: { approval: 'required' } } : {};
    propose({
      title: next ? 'Ask for a second administrator' : 'Let one administrator change the document',
      base,
      next: { ...rest, ...changed },
      fragment: { changes: { approval: next ? 'required' : 'off' } },
    });
  };
  return (
    <Panel
      title="A second administrator"
      aside={
        <span className="text-small">
          <TextLink to="/admin/proposals">Proposals</TextLink>
        </span>
      }
    >
      <div className="px-5 py-4">
        <Check
          label="A second administrator approves each change before it is in force"
          hint="Whoever makes a change sees it wait under Proposals; somebody else whose role covers it approves it there: changes of what stands in the document, of roles, tokens, keys, passes, and whom they let in again. What only takes away happens at once. Turning this off is such a change too."
          checked={required}
          disabled={!may('document.write-sign-in')}
          onChange={(event) => change(event.target.checked)}
        />
      </div>
      {review}
    </Panel>
  );
}
