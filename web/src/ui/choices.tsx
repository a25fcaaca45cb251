/** Picks several of a known set, by typing and by keyboard: a combobox (WAI-ARIA) with what is chosen before it. */
import { useId, useState } from 'react';
import { X } from 'lucide-react';
import { Foreign } from './foreign.tsx';
import { foreignText } from './foreign-text.ts';

const shownAtOnce = 50;

export function Choices({
  label,
  hint,
  options = [],
  chosen,
  onChange,
  free = false,
  textOf = (value) => value,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly options?: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
  /** Whether what is not among the options may be added. */
  readonly free?: boolean;
  /** How a value is shown and found; as it is unless said. */
  readonly textOf?: (value: string) => string;
}) {
  const id = useId();
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [place, setPlace] = useState(0);
  const wanted = text.trim().toLowerCase();
  const rest = options.filter(
    (each) => !chosen.includes(each) && textOf(each).toLowerCase().includes(wanted),
  );
  const list = [
    ...rest.slice(0, shownAtOnce),
    ...(free && wanted !== '' && !options.includes(text.trim()) ? [text.trim()] : []),
  ];
  const add = (value: string | undefined): void => {
    if (value === undefined || chosen.includes(value)) return;
    onChange([...chosen, value]);
    setText('');
    setPlace(0);
  };
  const expanded = open && list.length > 0;
  // What was typed and not taken would be lost on the way to the button below.
  const leave = (): void => {
    setOpen(false);
    if (free && text.trim() !== '') add(text.trim());
  };
  return (
    <div onBlur={(event) => (event.currentTarget.contains(event.relatedTarget) ? undefined : leave())}>
      <label htmlFor={id} className="mb-1 block text-small font-medium">
        {label}
      </label>
      <div className="relative">
        <div className="flex min-h-10 flex-wrap items-center gap-1 rounded-control border border-line-strong bg-surface p-1 focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent hover:border-quiet">
          {chosen.map((each) => (
            <span
              key={each}
              className="inline-flex max-w-full items-center rounded-small bg-sunken pl-2 text-small"
            >
              <Foreign text={textOf(each)} limit={60} />
              <button
                type="button"
                aria-label={`Remove ${foreignText(textOf(each), 60)}`}
                onClick={() => onChange(chosen.filter((other) => other !== each))}
                className="inline-flex size-7 items-center justify-center text-quiet hover:text-ink"
              >
                <X className="size-3.5" aria-hidden="true" />
              </button>
            </span>
          ))}
          <input
            id={id}
            role="combobox"
            aria-expanded={expanded}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={expanded ? `${id}-${place}` : undefined}
            aria-describedby={hint === undefined ? undefined : `${id}-hint`}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onFocus={() => setOpen(true)}
            onChange={(event) => {
              setText(event.target.value);
              setOpen(true);
              setPlace(0);
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault();
                setOpen(true);
                const step = event.key === 'ArrowDown' ? 1 : -1;
                setPlace((place + step + list.length) % Math.max(1, list.length));
              } else if (event.key === 'Enter' && expanded) {
                event.preventDefault();
                add(list[place]);
              } else if (event.key === 'Escape' && expanded) {
                event.stopPropagation();
                setOpen(false);
              } else if (event.key === 'Backspace' && text === '') {
                onChange(chosen.slice(0, -1));
              }
            }}
            className="h-7 min-w-24 flex-1 bg-transparent px-1.5 text-small outline-none"
          />
        </div>
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label={label}
          hidden={!expanded}
          className="absolute inset-x-0 top-full z-20 mt-1 max-h-60 overflow-y-auto rounded-control border border-line bg-raised p-1 shadow-menu"
        >
          {list.map((each, index) => (
            // The input has the keyboard.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={each}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === place}
              tabIndex={-1}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => add(each)}
              onMouseEnter={() => setPlace(index)}
              className="cursor-pointer rounded-small px-2.5 py-1.5 text-small aria-selected:bg-sunken"
            >
              <Foreign text={textOf(each)} limit={80} />
            </li>
          ))}
        </ul>
      </div>
      {hint === undefined ? undefined : (
        <p id={`${id}-hint`} className="mt-1 text-small text-quiet text-pretty">
          {hint}
        </p>
      )}
    </div>
  );
}
