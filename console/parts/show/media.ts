import { useEffect, useState } from '../html.ts';

/** Whether a media query holds, such as `(max-width: 720px)`. */
export function useMedia(query: string): boolean {
  const [holds, set] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = () => set(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return holds;
}

export const PHONE = '(max-width: 720px)';
