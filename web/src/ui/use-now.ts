/** The time of day for what is shown relative to it; moves every half minute. */
import { useEffect, useState } from 'react';

const stepMs = 30_000;

export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), stepMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
