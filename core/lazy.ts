/** Returns a function that calls `make` once. Each later call returns the same value, even if it is a promise that rejects. */
export function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
