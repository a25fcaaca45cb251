/** What every page's address begins with. */
import { createRootRoute } from '@tanstack/react-router';

export const root = createRootRoute();
