/**
 * The exact instant, with its zone and as UTC, of whatever time the pointer rests on or the keyboard is at: one tooltip for
 * all pages, since a list may hold thousands of times.
 */

/** A pointer that only passes shows nothing. */
const restMs = 350;
/** Long enough to get from the time to the tooltip. */
const leaveMs = 200;

/** Begins to show them, until the page goes. */
export function showExactInstants(): void {
  const tip = document.createElement('div');
  tip.id = 'exact-instant';
  tip.role = 'tooltip';
  tip.hidden = true;
  tip.className =
    'fixed z-60 max-w-[calc(100vw-1rem)] rounded-small border border-line bg-raised px-2.5 py-1.5 text-small text-ink shadow-menu';
  document.body.append(tip);
  let shown: HTMLTimeElement | undefined;
  /** What the tooltip describes: the time, or the control that holds it. */
  let described: Element | undefined;
  let timer: number | undefined;

  const hide = (): void => {
    window.clearTimeout(timer);
    described?.removeAttribute('aria-describedby');
    shown = described = undefined;
    tip.hidden = true;
  };
  const show = (time: HTMLTimeElement, of: Element = time): void => {
    if (shown === time) return window.clearTimeout(timer);
    hide();
    shown = time;
    described = of;
    tip.textContent = exactly(time.dateTime);
    tip.hidden = false;
    of.setAttribute('aria-describedby', tip.id);
    place(tip, time.getBoundingClientRect());
  };

  document.addEventListener('focusin', ({ target }) => {
    const control = target instanceof Element ? target.closest('button, a') : null;
    const time = timeAt(target) ?? control?.querySelector<HTMLTimeElement>('time[datetime]') ?? undefined;
    if (time === undefined) hide();
    else show(time, control ?? time);
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerover', ({ target }) => {
    const time = timeAt(target);
    const isKept = (time !== undefined && time === shown) || target === tip;
    if (time === undefined && !isKept) return;
    window.clearTimeout(timer);
    if (!isKept && time !== undefined) timer = window.setTimeout(() => show(time), restMs);
  });
  document.addEventListener('pointerout', ({ target }) => {
    if (target !== tip && timeAt(target) === undefined) return;
    window.clearTimeout(timer);
    // The keyboard may be at it still.
    if (described !== document.activeElement) timer = window.setTimeout(hide, leaveMs);
  });
  document.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') hide();
  });
  const follow = (): void => {
    if (shown !== undefined && described === document.activeElement)
      place(tip, shown.getBoundingClientRect());
    else hide();
  };
  document.addEventListener('scroll', follow, { capture: true, passive: true });
}

function timeAt(target: EventTarget | null): HTMLTimeElement | undefined {
  return target instanceof Element
    ? (target.closest<HTMLTimeElement>('time[datetime]') ?? undefined)
    : undefined;
}

const edgePx = 8;
const gapPx = 4;

/** Below the time, or above it where there is no room. */
function place(tip: HTMLElement, time: DOMRect): void {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.max(edgePx, Math.min(time.left, window.innerWidth - width - edgePx));
  const below = time.bottom + gapPx;
  tip.style.left = `${left}px`;
  tip.style.top = `${below + height > window.innerHeight ? time.top - gapPx - height : below}px`;
}

function exactly(instant: string): string {
  const date = new Date(instant);
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' }).format(date);
  return `${local} (${date.toISOString()})`;
}
