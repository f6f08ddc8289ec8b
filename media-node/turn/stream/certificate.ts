import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import type { DtlsIdentity } from "../../dtls/certificate.ts";
import { readDtlsIdentity } from "../dtls/identity.ts";

/** A certificate on disk, read anew when it changes: connections made before keep what they have. */
export interface CertificateStore {
  readonly context: SecureContext;
  /** What DTLS clients are shown; undefined where they aren't wanted. */
  readonly identity: DtlsIdentity | undefined;
  /** Reads the files again if they have changed; a pair that can't be used leaves the old one in place. */
  reload(): void;
}

/**
 * @param dtls whether DTLS clients are to be served as well
 * @param onReload told of every change, with an error where the new files can't be used
 * @throws Error when the files can't be read or used at the start
 */
export function openCertificate(
  cert: string,
  key: string,
  dtls: boolean,
  onReload: (error: Error | undefined) => void,
): CertificateStore {
  const read = () => {
    const pem = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    return {
      context: createSecureContext({ ...pem, minVersion: "TLSv1.2" }),
      identity: dtls ? readDtlsIdentity(pem.cert, pem.key) : undefined,
    };
  };
  const stamp = (): string => [cert, key].map(file => `${statSync(file).mtimeMs} ${statSync(file).ino}`).join();
  let current = read();
  let seen = stamp();
  return {
    get context() {
      return current.context;
    },
    get identity() {
      return current.identity;
    },
    reload() {
      try {
        const now = stamp();
        if (now === seen) return;
        current = read();
        seen = now;
        onReload(undefined);
      } catch (error) {
        onReload(error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
}
