/** Which machine an image is for: the one that builds it, as Deno has to run once during the build. */
import { CannotBuildImage } from './run.ts';

/** Names of one architecture. */
export interface Platform {
  /** As images call it. */
  readonly architecture: 'amd64' | 'arm64';
  /** Folder of its libraries in Debian. */
  readonly triple: string;
  /** Package of its Deno. */
  readonly denoPackage: string;
}

const platforms: Readonly<Record<string, Platform>> = {
  x64: { architecture: 'amd64', triple: 'x86_64-linux-gnu', denoPackage: '@deno/linux-x64-glibc' },
  arm64: { architecture: 'arm64', triple: 'aarch64-linux-gnu', denoPackage: '@deno/linux-arm64-glibc' },
};

/** @throws CannotBuildImage on anything but Linux on x64 or arm64 */
export function thisPlatform(os: string = process.platform, arch: string = process.arch): Platform {
  const platform = os === 'linux' ? platforms[arch] : undefined;
  if (platform === undefined) {
    throw new CannotBuildImage(
      `an image can be built on Linux on x64 or arm64, not on ${os} on ${arch}; use "docker build -f images/Dockerfile ." there`,
    );
  }
  return platform;
}
