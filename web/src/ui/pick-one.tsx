/** Picks one of very many, by typing and by keyboard: a combobox (WAI-ARIA) whose text is what is picked. */
import { useId, useState } from 'react';
import { X } from 'lucide-react';
import { Foreign } from './foreign.tsx';

const shownAtOnce = 50;

export interface Option {
  readonly value: string;
  readonly text: string;
  /** What it is, in a word. */
  readonly about?: string;
}

export function PickOne({
  label,
  none,
  options,
  chosen,
  onChange,
}: {
  /** Stands before the field. */
  readonly label: string;
  /** What the field says while nothing is picked. */
  readonly none: string;
  readonly options: readonly Option[];
  /** A value of the options. */
  readonly chosen: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}) {
  const id = useId();
  /** What is typed; undefined while nobody types. */
  const [text, setText] = useState<string>();
  const [place, setPlace] = useState(0);
  const current = options.find(({ value }) => value === chosen);
  const wanted = (text ?? '').trim().toLowerCase();
  const found = options.filter(
    (option) => option.text.toLowerCase().includes(wanted) || option.about?.includes(wanted) === true,
  );
  const list = text === undefined ? [] : found.slice(0, shownAtOnce);
  const expanded = text !== undefined;
  const pick = (option: Option | undefined): void => {
    if (option === undefined) return;
    setText(undefined);
    onChange(option.value);
  };
  return (
    <div
      className="flex max-w-full min-w-0 items-center gap-2 text-small text-quiet"
      onBlur={(event) => (event.currentTarget.contains(event.relatedTarget) ? undefined : setText(undefined))}
    >
      <label htmlFor={id} className="shrink-0">
        {label}
      </label>
      <div className="relative min-w-0">
        <input
          id={id}
          role="combobox"
          aria-expanded={expanded}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={expanded && list.length > 0 ? `${id}-${place}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder={none}
          value={text ?? current?.text ?? ''}
          onClick={() => setText((now) => now ?? '')}
          onChange={(event) => {
            setText(event.target.value);
            setPlace(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              event.preventDefault();
              if (!expanded) setText('');
              const step = event.key === 'ArrowDown' ? 1 : -1;
              setPlace(expanded ? (place + step + list.length) % Math.max(1, list.length) : 0);
            } else if (event.key === 'Enter' && expanded) {
              event.preventDefault();
              pick(list[place]);
            } else if (event.key === 'Escape' && expanded) {
              event.stopPropagation();
              setText(undefined);
            }
          }}
          className="h-9 w-72 max-w-full rounded-control border border-line-strong bg-surface pr-9 pl-2.5 text-ink placeholder:text-quiet hover:border-quiet"
        />
        {chosen === undefined ? undefined : (
          <button
            type="button"
            aria-label={`${label} ${none}`}
            onClick={() => {
              setText(undefined);
              onChange(undefined);
            }}
            className="absolute inset-y-0 right-0 inline-flex w-9 items-center justify-center rounded-control text-quiet hover:text-ink"
          >
            <X className="size-4" aria-hidden="true" />
          </button>
        )}
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label={label}
          hidden={!expanded || list.length === 0}
          className="absolute inset-x-0 top-full z-20 mt-1 max-h-72 overflow-y-auto rounded-control border border-line bg-raised p-1 text-ink shadow-menu"
        >
          {list.map((option, index) => (
            // The input has the keyboard.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={option.value}
              id={`${id}-${index}`}
              ref={index === place ? intoSight : undefined}
              role="option"
              aria-selected={index === place}
              tabIndex={-1}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(option)}
              className="flex cursor-pointer items-baseline justify-between gap-3 rounded-small px-2.5 py-1.5 text-small hover:bg-sunken aria-selected:bg-sunken"
            >
              <Foreign text={option.text} limit={80} className="min-w-0 truncate" />
              {option.about === undefined ? undefined : (
                <span className="shrink-0 text-note text-quiet">{option.about}</span>
              )}
            </li>
          ))}
        </ul>
        {expanded && found.length !== list.length ? (
          <p role="status" className="sr-only">
            {found.length - list.length} more: type some of the name
          </p>
        ) : expanded && list.length === 0 ? (
          <p
            role="status"
            className="absolute inset-x-0 top-full z-20 mt-1 rounded-control border border-line bg-raised px-3 py-2 text-small text-quiet shadow-menu"
          >
            Nobody is called that.
          </p>
        ) : undefined}
      </div>
    </div>
  );
}

/** The keyboard goes further than what is seen of the list. */
function intoSight(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: 'nearest' });
}
