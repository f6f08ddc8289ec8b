import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";

/** A certificate on disk, read anew when it changes: connections made before keep what they have. */
export interface CertificateStore {
  readonly context: SecureContext;
  /** Reads the files again if they have changed; a pair that can't be used leaves the old one in place. */
  reload(): void;
}

/**
 * @param onReload told of every change, with an error where the new files can't be used
 * @throws Error when the files can't be read or used at the start
 */
export function openCertificate(
  cert: string,
  key: string,
  onReload: (error: Error | undefined) => void,
): CertificateStore {
  const read = (): SecureContext =>
    createSecureContext({ cert: readFileSync(cert), key: readFileSync(key), minVersion: "TLSv1.2" });
  const stamp = (): string => [cert, key].map(file => `${statSync(file).mtimeMs} ${statSync(file).ino}`).join();
  let context = read();
  let seen = stamp();
  return {
    get context() {
      return context;
    },
    reload() {
      try {
        const now = stamp();
        if (now === seen) return;
        context = read();
        seen = now;
        onReload(undefined);
      } catch (error) {
        onReload(error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
}
