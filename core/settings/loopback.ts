const IPV4_LOOPBACK = /^127(\.\d{1,3}){3}$/;

/** True for a host name or address that only programs of this machine reach. */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host.toLowerCase()) || IPV4_LOOPBACK.test(host);
}
