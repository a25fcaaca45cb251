/** Day or night as the person chose it in this browser; otherwise the system says. */

export type Theme = 'system' | 'light' | 'dark';

const key = 'postern.theme';

export function chosenTheme(): Theme {
  try {
    const found = localStorage.getItem(key);
    return found === 'light' || found === 'dark' ? found : 'system';
  } catch {
    return 'system';
  }
}

/** Shows it from now on, and remembers it where the browser allows. */
export function chooseTheme(theme: Theme): void {
  show(theme);
  try {
    if (theme === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // A browser without storage forgets it with the page.
  }
}

/** Before the first picture. */
export function showChosenTheme(): void {
  show(chosenTheme());
}

function show(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
