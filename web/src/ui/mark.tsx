/** The sign of the product: a small gate in an arch. Decoration; the name stands beside it or in the page's title. */
export function Mark({ className }: { readonly className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" className="fill-button" />
      <path
        d="M8.5 25V15a7.5 7.5 0 0 1 15 0v10"
        fill="none"
        strokeWidth="2.6"
        strokeLinecap="round"
        className="stroke-on-button"
      />
      <path d="M13.6 25v-9.6a2.4 2.4 0 0 1 4.8 0V25z" className="fill-on-button opacity-60" />
    </svg>
  );
}
