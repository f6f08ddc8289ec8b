/** Telephones that call in, all by one SIP endpoint of an address of loopback. */
import type { SipCall } from "../../media-node/gateway/sip/session/call.ts";
import { openSipEndpoint } from "../../media-node/gateway/sip/socket/endpoint.ts";
import { LOOPBACK, PCMU_TYPE } from "./shape.ts";

export interface Callers {
  /** Calls a URI, as that number, to be heard at a port. @returns where the call takes RTP, and what hangs it up */
  call(target: string, number: string, port: number): Promise<{ readonly port: number; hangUp(): void }>;
  close(): Promise<void>;
}

const offer = (port: number): string =>
  [
    ...["v=0", `o=- ${port} 1 IN IP4 ${LOOPBACK}`, "s=-", `c=IN IP4 ${LOOPBACK}`, "t=0 0"],
    ...[`m=audio ${port} RTP/AVP ${PCMU_TYPE}`, `a=rtpmap:${PCMU_TYPE} PCMU/8000`, ""],
  ].join("\r\n");

export async function openCallers(address: string): Promise<Callers> {
  const endpoint = await openSipEndpoint({
    address,
    handler: {
      admit: () => ({ kind: "refuse", status: 486 }),
      called: () => {
        throw new Error("a call that was refused came in");
      },
    },
  });
  return {
    call(target, number, port) {
      const { promise, resolve, reject } = Promise.withResolvers<{ port: number; hangUp(): void }>();
      let remote = 0;
      const call: SipCall = endpoint.stack.call(
        {
          target,
          from: { uri: `sip:${number}@${address}` },
          media: {
            createOffer: () => offer(port),
            answerOffer: () => undefined,
            applyAnswer(answer) {
              remote = Number(/^m=audio (\d+) /m.exec(answer)?.[1] ?? 0);
              return remote > 0;
            },
          },
          events: {
            progress() {},
            established: () => resolve({ port: remote, hangUp: () => call.hangUp(endpoint.now()) }),
            info: () => 200,
            offerRefused() {},
            ended: ({ status, reason }) => reject(new Error(`a call ended with ${status} ${reason}`)),
          },
        },
        endpoint.now(),
      );
      return promise;
    },
    close: () => endpoint.close(),
  };
}
