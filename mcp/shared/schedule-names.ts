/** True for a name that the server's paths and queries take as it is. */
export function isScheduleName(name: string): boolean {
  return /^[\w.:-]{1,255}$/.test(name) && !/^\.{1,2}$/.test(name);
}
