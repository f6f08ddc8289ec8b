import { MediaStreamTrack, RTCPeerConnection, type RtpPacket, useNACK, useOPUS, usePLI, useREMB, useVP8 } from "werift";

type Kind = "audio" | "video";
const KINDS: readonly Kind[] = ["audio", "video"];

/** Make a peer connection that stays on loopback and asks no server for its address. */
const createConnection = (): RTCPeerConnection =>
  new RTCPeerConnection({
    codecs: { audio: [useOPUS()], video: [useVP8({ rtcpFeedback: [useNACK(), usePLI(), useREMB()] })] },
    bundlePolicy: "max-bundle",
    iceServers: [],
    iceUseIpv6: false,
    iceUseTcp: false,
    iceInterfaceAddresses: { udp4: "127.0.0.1" },
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });

/** Exchange descriptions as WHIP and WHEP do. @returns what ends it */
async function negotiate(connection: RTCPeerConnection, endpoint: string, token: string): Promise<() => Promise<void>> {
  const headers = { authorization: `Bearer ${token}` };
  await connection.setLocalDescription(await connection.createOffer());
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { ...headers, "content-type": "application/sdp" },
    body: connection.localDescription?.sdp ?? "",
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${endpoint}: ${response.status} ${answer}`);
  await connection.setRemoteDescription({ type: "answer", sdp: answer });
  const session = new URL(response.headers.get("location") ?? "", endpoint);
  return async () => {
    const { status } = await fetch(session, { method: "DELETE", headers });
    await connection.close();
    if (status !== 200) throw new Error(`DELETE ${session}: ${status}`);
  };
}

export interface WeriftPlayer {
  /** What came, as it came. */
  readonly packets: Readonly<Record<Kind, RtpPacket[]>>;
  onPacket(listener: (kind: Kind, packet: RtpPacket) => void): void;
  /** Ask for a key frame. */
  requestKeyFrame(): void;
  end(): Promise<void>;
}

/** werift, a WebRTC stack in TypeScript, as a WHEP player. */
export async function playByWerift(endpoint: string, token: string): Promise<WeriftPlayer> {
  const connection = createConnection();
  const packets: Record<Kind, RtpPacket[]> = { audio: [], video: [] };
  let listener: ((kind: Kind, packet: RtpPacket) => void) | undefined;
  for (const kind of KINDS) {
    connection.addTransceiver(kind, { direction: "recvonly" }).onTrack.subscribe(track => {
      track.onReceiveRtp.subscribe(packet => {
        packets[kind].push(packet);
        listener?.(kind, packet);
      });
    });
  }
  const end = await negotiate(connection, endpoint, token);
  return {
    packets,
    onPacket(next) {
      listener = next;
    },
    requestKeyFrame() {
      const ssrc = packets.video[0]?.header.ssrc;
      const receiver = connection.getReceivers().find(({ kind }) => kind === "video");
      if (ssrc !== undefined) void receiver?.sendRtcpPLI(ssrc);
    },
    end,
  };
}

export interface WeriftEncoder {
  /** Send a packet of anybody's as one of this encoder's own. */
  write(kind: Kind, packet: RtpPacket): void;
  end(): Promise<void>;
}

/** werift as a WHIP encoder. `keyFrameWanted` hears of every request. */
export async function publishByWerift(
  endpoint: string,
  token: string,
  keyFrameWanted: () => void,
): Promise<WeriftEncoder> {
  const connection = createConnection();
  const tracks = { audio: new MediaStreamTrack({ kind: "audio" }), video: new MediaStreamTrack({ kind: "video" }) };
  for (const kind of KINDS) {
    const { sender } = connection.addTransceiver(tracks[kind], { direction: "sendonly" });
    if (kind === "video") sender.onPictureLossIndication.subscribe(keyFrameWanted);
  }
  const end = await negotiate(connection, endpoint, token);
  return { write: (kind, packet) => tracks[kind].writeRtp(packet), end };
}
