/** What is done to an entry of the document from its row: changed by its form, and taken out. For whoever may write it. */
import { Button } from '../../ui/button.tsx';
import { useRemoval, type Removal } from './use-removal.tsx';

export function EntryButtons({
  onChange,
  ...entry
}: Removal & {
  /** Opens the form. */
  readonly onChange: () => void;
}) {
  const [review, remove] = useRemoval();
  const { name } = entry;
  return (
    <>
      <Button small tone="quiet" onClick={onChange}>
        Change<span className="sr-only"> {name}</span>
      </Button>
      <Button small tone="quiet" onClick={() => remove(entry)}>
        Remove<span className="sr-only"> {name}</span>
      </Button>
      {review}
    </>
  );
}
