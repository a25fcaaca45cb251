/** There is no page at this address. Repeats nothing of the address. */
import { Link } from '@tanstack/react-router';
import { buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';

export function NotFoundPage() {
  return (
    <CardPage title="There is no page here" lead="The address may be mistyped, or the page has moved.">
      <div>
        <Link to="/" className={buttonClass('primary')}>
          What you may use
        </Link>
      </div>
    </CardPage>
  );
}
