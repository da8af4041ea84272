/** Calls `make` at the first call and returns that same value at every later one, even when it is a promise that rejects. */
export function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
