/**
 * Gives the keyboard back to whatever opened a dialog, when it closes. Dialogs here have no trigger of Radix's own, so it
 * would be lost to the top of the page.
 */
import { useState } from 'react';

/** For `onCloseAutoFocus`. Where what opened it is gone by then, the page's content has the keyboard. */
export function useReturn(): (event: Event) => void {
  // While this is rendered for the first time the dialog has not taken the focus yet.
  const [opener] = useState(() => document.activeElement);
  return (event) => {
    event.preventDefault();
    const isThere = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
    const next = isThere ? opener : document.querySelector<HTMLElement>('#content');
    next?.focus({ preventScroll: true });
  };
}
