/** The server version that this project starts and is tested with. A unit test compares every other mention of a version with it. */
const version = '3.32.3';

/** The only server release that this product starts. Everything specific to it is in this file. */
export const release = {
  version,
  /** Maven coordinates of the boot jar. */
  artifact: `org.conductoross:conductor-server:${version}:jar:boot`,
  /** The jar's folder in a Maven repository. */
  pathInRepository: `org/conductoross/conductor-server/${version}`,
  jarName: `conductor-server-${version}-boot.jar`,
  /** The checksum that the Maven repository publishes beside the jar. */
  sha256: '6b1615a5beb82bbbfa05219d0f1b84440aa8c0bef1371662803ef5588d7d507b',
  bytes: 457_760_812,
  image: `conductoross/conductor:${version}`,
} as const;
