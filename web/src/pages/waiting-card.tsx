/** The outline of a card page while its matter is being found out. */
import { CardPage } from '../ui/card-page.tsx';

export function WaitingCard({ title }: { readonly title: string }) {
  return (
    <CardPage title={title}>
      <div role="status" aria-label="Loading" className="grid gap-3">
        <div className="skeleton h-5 w-2/3" />
        <div className="skeleton h-5 w-1/2" />
        <div className="skeleton mt-3 h-10 w-40" />
      </div>
    </CardPage>
  );
}
