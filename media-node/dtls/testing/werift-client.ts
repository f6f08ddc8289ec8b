import { DtlsClient } from "werift";
import type { DtlsCertificate } from "../certificate.ts";
import { SRTP_PROFILES, type SrtpProfile } from "../srtp-profile.ts";

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n")}\n-----END ${label}-----\n`;

/** werift's DTLS client, which shares no code with us, over an in-memory transport. */
export function createWeriftClient({ der, privateKey }: DtlsCertificate, profile: SrtpProfile) {
  const outgoing: Buffer[] = [];
  const transport = {
    type: "memory",
    onData: (_data: Buffer, _address: [string, number]) => {},
    send: async (data: Buffer) => {
      outgoing.push(data);
    },
    close: async () => {},
  };
  const client = new DtlsClient({
    transport: transport as unknown as ConstructorParameters<typeof DtlsClient>[0]["transport"],
    cert: pem("CERTIFICATE", der),
    key: pem("PRIVATE KEY", privateKey.export({ type: "pkcs8", format: "der" })),
    signatureHash: { hash: 4, signature: 3 },
    srtpProfiles: [SRTP_PROFILES[profile]],
    extendedMasterSecret: true,
  });
  return { client, receive: (data: Uint8Array) => transport.onData(Buffer.from(data), ["127.0.0.1", 1]), outgoing };
}
