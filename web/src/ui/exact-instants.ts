/**
 * The exact instant, with its zone and as UTC, of whatever time the pointer rests on or the keyboard is at: one tooltip for
 * all pages, since a list may hold thousands of times. In a row of a list the keyboard is at its times when it is at the
 * row's first link or button, so that they cost nobody a press of Tab; only where there is none, the first of them is a stop.
 */

/** A pointer that only passes shows nothing. */
const restMs = 350;
/** Long enough to get from the time to the tooltip. */
const leaveMs = 200;

const controls = 'a[href], button, input, select, summary';
const rows = 'tr, li';
const times = 'time[datetime]';

/** Sees to it that the keyboard comes to this time, by something that it comes to anyway where there is such a thing. */
export function makeReachable(time: HTMLTimeElement): void {
  const row = time.closest(rows);
  const isReached =
    time.closest(controls) !== null ||
    (row !== null && (seenIn(row, controls).length > 0 || seenIn(row, times)[0] !== time));
  if (isReached) time.removeAttribute('tabindex');
  else time.tabIndex = 0;
}

/** Begins to show them, until the page goes. */
export function showExactInstants(): void {
  const tip = document.createElement('div');
  tip.id = 'exact-instant';
  tip.role = 'tooltip';
  tip.hidden = true;
  tip.className =
    'fixed z-60 max-w-[calc(100vw-1rem)] rounded-small border border-line bg-raised px-2.5 py-1.5 text-small text-ink shadow-menu';
  document.body.append(tip);
  /** The time that it stands at. */
  let shown: HTMLTimeElement | undefined;
  /** What the tooltip describes: the time, or what the keyboard is at in its place. */
  let described: Element | undefined;
  let timer: number | undefined;

  const isInTip = (target: EventTarget | null): boolean => target instanceof Node && tip.contains(target);
  const hide = (): void => {
    window.clearTimeout(timer);
    described?.removeAttribute('aria-describedby');
    shown = described = undefined;
    tip.hidden = true;
  };
  const show = (all: readonly HTMLTimeElement[], of: Element): void => {
    const [time] = all;
    if (time === undefined) return;
    if (described === of && shown === time) return window.clearTimeout(timer);
    hide();
    shown = time;
    described = of;
    tip.replaceChildren(...all.map((each) => line(each, all.length > 1)));
    tip.hidden = false;
    of.setAttribute('aria-describedby', tip.id);
    place(tip, time.getBoundingClientRect());
  };

  document.addEventListener('focusin', ({ target }) => {
    const found = target instanceof Element ? timesOf(target) : [];
    if (found.length === 0) hide();
    else if (target instanceof Element) show(found, target);
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerover', ({ target }) => {
    const time = timeAt(target);
    const isKept = (time !== undefined && time === shown) || isInTip(target);
    if (time === undefined && !isKept) return;
    window.clearTimeout(timer);
    if (!isKept && time !== undefined) timer = window.setTimeout(() => show([time], time), restMs);
  });
  document.addEventListener('pointerout', ({ target }) => {
    if (!isInTip(target) && timeAt(target) === undefined) return;
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

/** Those that the keyboard is at when it is at this element. */
function timesOf(element: Element): HTMLTimeElement[] {
  const control = element.closest(controls);
  const inside = control?.querySelector<HTMLTimeElement>(times) ?? undefined;
  if (inside !== undefined) return [inside];
  const row = element.closest(rows);
  const isFirst = row !== null && seenIn(row, `${controls}, time[tabindex]`)[0] === element;
  // Whoever came by a click has the pointer for it.
  if (isFirst && element.matches(':focus-visible')) return seenIn<HTMLTimeElement>(row, times);
  const time = timeAt(element);
  return time === undefined ? [] : [time];
}

/** In narrow windows columns are left out. */
function seenIn<E extends Element>(row: Element, selector: string): E[] {
  return [...row.querySelectorAll<E>(selector)].filter((each) => each.getClientRects().length > 0);
}

function timeAt(target: EventTarget | null): HTMLTimeElement | undefined {
  return target instanceof Element ? (target.closest<HTMLTimeElement>(times) ?? undefined) : undefined;
}

/** @param named whether it says which of several it is: by the head of its column, or else as it stands there */
function line(time: HTMLTimeElement, named: boolean): HTMLElement {
  const text = document.createElement('p');
  const cell = time.closest('td');
  const head = cell?.closest('table')?.tHead?.rows[0]?.cells[cell.cellIndex]?.textContent;
  text.textContent = named
    ? `${head ?? time.textContent ?? ''}: ${exactly(time.dateTime)}`
    : exactly(time.dateTime);
  return text;
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
