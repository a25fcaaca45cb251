/** Keeps a half-written entry, which a form cannot show, from taking what was written with it. */
import { Component, type ReactNode } from 'react';
import { Notice } from '../../ui/notice.tsx';

interface Props {
  /** With another one, the form is tried again. */
  readonly entry: unknown;
  readonly children: ReactNode;
}

interface State {
  readonly failed: boolean;
  /** The entry that was shown, or could not be. */
  readonly entry: unknown;
}

export class FormBoundary extends Component<Props, State> {
  /** Whoever writes YAML goes through such entries: they are no fault of the page, and nothing for the browser's log. */
  readonly isExpected = true;
  override state: State = { failed: false, entry: this.props.entry };

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  static getDerivedStateFromProps({ entry }: Props, before: State): State | null {
    return entry === before.entry ? null : { failed: false, entry };
  }

  override render(): ReactNode {
    return this.state.failed ? (
      <Notice title="The form cannot show this">
        Go on writing the YAML: the form is back as soon as it has the shape of an entry.
      </Notice>
    ) : (
      this.props.children
    );
  }
}
