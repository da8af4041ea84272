/** The only server release that this product starts. Everything specific to it is in this file. */
export const release = {
  version: '3.32.1',
  /** Maven coordinates of the boot jar. */
  artifact: 'org.conductoross:conductor-server:3.32.1:jar:boot',
  /** The jar's folder in a Maven repository. */
  pathInRepository: 'org/conductoross/conductor-server/3.32.1',
  jarName: 'conductor-server-3.32.1-boot.jar',
  sha256: 'f3699a34bb72c35c10469a063392e5de4900bc4568c8a4357a711186d6269d3f',
  bytes: 457_974_967,
  image: 'conductoross/conductor:3.32.1',
} as const;
