import { useEffect, useState } from '../html.ts';

const TYPING_MS = 150;

/** The text of a field, as soon as its user pauses. So the server is not asked at each letter. */
export function useSettled(text: string): string {
  const [settled, set] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => set(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
