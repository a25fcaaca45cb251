/** Text for machines, as it is, with a button that copies it. */
import { classNames } from './class-names.ts';
import { CopyButton } from './copy-button.tsx';

export function CodeBlock({
  text,
  what,
  wraps = false,
}: {
  readonly text: string;
  readonly what: string;
  /** Long lines go on below rather than being scrolled to: for commands, which are read before they are run. */
  readonly wraps?: boolean;
}) {
  return (
    <div className="relative rounded-control border border-line bg-sunken">
      <pre
        // Long lines scroll, by keyboard too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-label={what}
        className={classNames(
          'max-h-80 overflow-auto rounded-control py-3 pr-12 pl-4 font-mono text-small leading-5',
          wraps && 'whitespace-pre-wrap',
        )}
      >
        {wraps ? <Words text={text} /> : text}
      </pre>
      <div className="absolute top-0 right-0 rounded-control bg-sunken p-1">
        <CopyButton text={text} what={what} />
      </div>
    </div>
  );
}

/** Options stay whole: the browser would break them after a hyphen. */
function Words({ text }: { readonly text: string }) {
  return text.split(/(\s+)/).map((word, index) =>
    word.trim() === '' ? (
      word
    ) : (
      // The order never changes.
      // oxlint-disable-next-line react/no-array-index-key
      <span key={index} className="inline-block max-w-full wrap-anywhere">
        {word}
      </span>
    ),
  );
}
