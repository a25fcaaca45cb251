/** Starts the pages in the browser. */
import './styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { queries } from './query-client.ts';
import { router } from './router.tsx';
import { showChosenTheme } from './shell/theme.ts';
import { showExactInstants } from './ui/exact-instants.ts';

showChosenTheme();
showExactInstants();

const place = document.querySelector('#app');
if (place === null) throw new Error('the page has no place for the application');
createRoot(place, {
  onCaughtError: (error, { errorBoundary }) => {
    if (errorBoundary === undefined || !('isExpected' in errorBoundary)) reportError(error);
  },
}).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
