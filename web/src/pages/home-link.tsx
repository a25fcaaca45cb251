/** The way on from a page that has nothing more to do. */
import { Link } from '@tanstack/react-router';
import { buttonClass } from '../ui/button.tsx';

export function HomeLink() {
  return (
    <div>
      <Link to="/" className={buttonClass('secondary')}>
        What you may use
      </Link>
    </div>
  );
}
