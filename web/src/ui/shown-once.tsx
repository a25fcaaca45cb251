/** A secret that was just made: to be copied now, since nobody is ever shown it again. */
import { CodeBlock } from './code-block.tsx';
import { Notice } from './notice.tsx';

export function ShownOnce({
  what,
  text,
  children,
}: {
  /** `The key`, as the copy button calls it. */
  readonly what: string;
  readonly text: string;
  /** What whoever has it can do. */
  readonly children: string;
}) {
  return (
    <>
      <Notice tone="wait" title="It is shown only now" live>
        {children} Keep it where secrets are kept.
      </Notice>
      <CodeBlock what={what} text={text} />
    </>
  );
}
