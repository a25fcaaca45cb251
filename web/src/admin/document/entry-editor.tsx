/** One entry of the document in a drawer: a form and its YAML side by side, each following the other, then the review. */
import { useState, type ReactNode } from 'react';
import { parse, stringify, YAMLParseError } from 'yaml';
import type { DocumentInForce } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { TextArea } from '../../ui/field.tsx';
import { FormBoundary } from './form-boundary.tsx';
import { NameField } from './name-field.tsx';
import { entryNouns, withEntry, type EntryOf, type NamedList, type ShownDocument } from './shown-document.ts';
import { useBegun } from './use-begun.tsx';
import { useReview } from './use-review.tsx';

/** What every form of an entry is given: the document, the entry in it (none for a new one), and how it closes. */
export interface Editing<K extends NamedList> {
  readonly base: DocumentInForce;
  readonly existing?: EntryOf<K> | undefined;
  readonly onClose: () => void;
}

export interface EntryEditorProps<K extends NamedList> extends Editing<K> {
  readonly list: K;
  /** What a new one begins as. */
  readonly fresh: EntryOf<K>;
  /** A name that one may have, and what to know when choosing it. */
  readonly nameExample?: string;
  readonly nameHint?: string;
  /** Stands above the name. */
  readonly renderHead?: (entry: EntryOf<K>) => ReactNode;
  /** The fields below the name. */
  readonly children: (entry: EntryOf<K>, set: (entry: EntryOf<K>) => void) => ReactNode;
}

export function EntryEditor<K extends NamedList>({
  list,
  existing,
  fresh,
  base: live,
  nameExample,
  nameHint,
  renderHead,
  children,
  onClose,
}: EntryEditorProps<K>) {
  const name = existing?.name;
  const entryIn = (document: ShownDocument): EntryOf<K> | undefined =>
    name === undefined
      ? undefined
      : (document[list] as EntryOf<K>[] | undefined)?.find((each) => each.name === name);
  const { base, isOld, notice } = useBegun(live, entryIn);
  const [entry, setEntry] = useState<EntryOf<K>>(existing ?? fresh);
  const [text, setText] = useState(() => stringify(entry, { lineWidth: 80 }));
  const [fault, setFault] = useState<string>();
  const [review, propose] = useReview();
  const noun = entryNouns[list];
  const follow = (next: EntryOf<K>): void => {
    const whole = withoutEmpty(next);
    setEntry(whole);
    setText(stringify(whole, { lineWidth: 80 }));
    setFault(undefined);
  };
  const read = (next: string): void => {
    setText(next);
    try {
      const value = parse(next) as unknown;
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new Error('This is no entry: it has to be keys with their values.');
      setEntry(value as EntryOf<K>);
      setFault(undefined);
    } catch (error) {
      setFault(error instanceof YAMLParseError ? firstLine(error.message) : (error as Error).message);
    }
  };
  const called = name ?? (entry.name === '' ? 'without a name' : entry.name);
  return (
    <Drawer
      wide
      title={
        name === undefined
          ? `Add ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`
          : `Change the ${noun} ${name}`
      }
      onClose={onClose}
      foot={
        <>
          <Button tone="secondary" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={isOld || fault !== undefined || entry.name === ''}
            onClick={() =>
              propose({
                title: name === undefined ? `Add the ${noun} ${called}` : `Change the ${noun} ${called}`,
                base,
                next: withEntry(base.document, list, name, entry),
                fragment: { [list]: [withoutSecrets(entry)] },
                onSaved: onClose,
              })
            }
          >
            See what it would do
          </Button>
        </>
      }
    >
      {notice((now) => {
        const there = entryIn(now);
        if (there === undefined) onClose();
        else follow(there);
      })}
      <div className="grid gap-6 md:grid-cols-[minmax(0,1fr)_minmax(0,20rem)]">
        <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
          <FormBoundary entry={entry}>
            <Form
              entry={entry}
              render={(shown) => (
                <>
                  {renderHead?.(shown)}
                  <NameField
                    entry={shown}
                    set={follow}
                    isNew={existing === undefined}
                    placeholder={nameExample}
                    hint={nameHint}
                  />
                  {children(shown, follow)}
                </>
              )}
            />
          </FormBoundary>
        </div>
        <TextArea
          label="As YAML"
          className="md:sticky md:top-0 md:self-start"
          rows={26}
          value={text}
          fault={fault}
          onChange={(event) => read(event.target.value)}
        />
      </div>
      {review}
    </Drawer>
  );
}

/** Inside the boundary, which catches what this makes of an entry. */
function Form<T>({ entry, render }: { readonly entry: T; readonly render: (entry: T) => ReactNode }) {
  return render(entry);
}

/** Without keys that say nothing: undefined, and lists that are empty. */
function withoutEmpty<T extends object>(entry: T): T {
  return Object.fromEntries(
    Object.entries(entry).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  ) as T;
}

/** What is shown as code is copied and sent to colleagues: a secret that was typed stays out of it. */
function withoutSecrets(entry: object): object {
  const hidden = ['clientSecret', 'secret', 'token'];
  const shown = (value: unknown): unknown =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value).map(([key, each]) =>
            hidden.includes(key) ? [key, { env: 'SECRET' }] : [key, shown(each)],
          ),
        );
  return shown(entry) as object;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
