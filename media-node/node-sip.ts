import { isIP } from "node:net";
import { openTelephony, type Telephony, type TelephonyOptions } from "./gateway/telephony/telephony.ts";
import { endpointOf } from "./setting.ts";
import type { Settings } from "./settings.ts";
import { openCertificate } from "./turn/stream/certificate.ts";

type Used = "sip-listen" | "sip-tls-port" | "sip-host" | "sip-digest" | "rtp-ports" | "announce" | "cert" | "pkey";

/** Telephones, where they are on. @throws Error that names the settings that don't fit, or with `code` EADDRINUSE */
export async function openSip(
  settings: Pick<Settings, Used>,
  { log, ...host }: Omit<TelephonyOptions, "sip">,
): Promise<Telephony | undefined> {
  const endpoint = endpointOf(settings["sip-listen"]);
  if (endpoint === undefined) return undefined;
  const { address, port } = endpoint;
  const { cert, pkey, announce } = settings;
  const tlsPort = settings["sip-tls-port"];
  const own = announce.find(each => isIP(each) === isIP(address));
  const advertised = settings["sip-host"] || (own ?? address);
  if (settings["rtp-ports"] === "") throw new Error("--sip-listen needs --rtp-ports: the sound of calls comes there");
  if (/^(0\.0\.0\.0|[:0]+)$/.test(advertised))
    throw new Error("--sip-listen on all addresses needs --sip-host, which says what trunks reach");
  if (tlsPort > 0 && (cert === "" || pkey === "")) throw new Error("--sip-tls-port needs --cert and --pkey");
  const certificate =
    tlsPort > 0
      ? openCertificate(cert, pkey, false, error => {
          if (error) log.error("the certificate of SIP can't be used", { error: error.message });
        })
      : undefined;
  return openTelephony({
    ...{ ...host, log, digest: settings["sip-digest"] },
    sip: {
      ...{ address, port, advertised },
      ...(certificate && {
        tlsPort,
        secureContext() {
          // Asked so rarely that it may look at the files every time.
          certificate.reload();
          return certificate.context;
        },
      }),
    },
  });
}
