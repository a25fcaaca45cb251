/** The resources that a person wants first in their list, kept in this browser for each person who uses it. */
import { useState } from 'react';

export type Favourites = ReadonlySet<string>;

const most = 200;

/** The ids of resources, and what makes one a favourite or takes that back. */
export function useFavourites(person: string): readonly [Favourites, (resource: string) => void] {
  const key = `postern.favourites.${person}`;
  const [favourites, setFavourites] = useState(() => read(key));
  const toggle = (resource: string): void => {
    const next = new Set(favourites);
    if (!next.delete(resource)) next.add(resource);
    setFavourites(next);
    write(key, next);
  };
  return [favourites, toggle];
}

function read(key: string): Favourites {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return new Set(Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : []);
  } catch {
    return new Set();
  }
}

/** The newest of them; a browser without storage forgets them with the page. */
function write(key: string, favourites: Favourites): void {
  try {
    if (favourites.size === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify([...favourites].slice(-most)));
  } catch {
    // Nothing else depends on it.
  }
}
