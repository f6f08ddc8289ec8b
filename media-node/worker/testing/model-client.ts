import { randomBytes } from "node:crypto";
import type { ClientMediaInput, NodeMediaMessage, SessionOffer } from "../../../src/protocol/index.ts";
import { createCertificate } from "../../dtls/certificate.ts";
import { ContentType } from "../../dtls/constants.ts";
import { createTestClient, type TestClient } from "../../dtls/testing/test-client.ts";
import type { IceCredentials } from "../../ice/credentials.ts";
import { PacketKind, packetKind } from "../../net/demux.ts";
import { readUint32 } from "../../rtp/bytes.ts";
import { createDataChannels, type DataChannels } from "../../sctp/data-channels.ts";
import { createInboundSrtp, type InboundSrtp } from "../../srtp/inbound.ts";
import { createOutboundSrtp, type OutboundSrtp } from "../../srtp/outbound.ts";
import { srtpProfiles } from "../../srtp/profiles.ts";
import { buildRtp, type RtpFields } from "../../testing/model-packets.ts";
import { createModelIce, modelCredentials } from "./model-ice.ts";
import { modelOffer, OFFERED, type Slots } from "./model-offer.ts";

/** Made once: its key is what costs. Virtual time, so any date will do. */
const certificate = createCertificate({ unixTime: 1_790_000_000_000 });
const fingerprint = `${certificate.fingerprint.algorithm} ${certificate.fingerprint.value}`;

export interface ModelClientOptions {
  readonly address: string;
  readonly slots?: Slots;
  readonly withPlan?: boolean;
  readonly withChannel?: boolean;
  send(bytes: Uint8Array): void;
}

/** One RTP packet that came, by the SSRC of the slot it came in. */
export interface HeardPacket {
  readonly at: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly csrc: number;
  readonly payload: string;
}

/** What came of the data channel and of RTP, in order. */
export type Heard = { readonly packet: HeardPacket } | { readonly message: NodeMediaMessage };

/**
 * A whole WebRTC client in virtual time, without browser or sockets: ICE that checks, DTLS client, SRTP, data channel.
 * Its microphone has SSRC 1000, its camera 2000.
 */
export interface ModelClient {
  readonly address: string;
  readonly connected: boolean;
  readonly heard: readonly Heard[];
  readonly packets: readonly HeardPacket[];
  readonly messages: readonly NodeMediaMessage[];
  /** Decrypted RTCP compounds and when they came. */
  readonly reports: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** Datagrams that did not authenticate or parse. */
  readonly broken: number;
  offer(more?: Slots): SessionOffer;
  /** Changes its credentials. */
  restartIce(credentials?: IceCredentials): void;
  accept(answer: string): void;
  /** Stops checking, answering and sending: as good as dead. */
  freeze(frozen: boolean): void;
  /** Moves to another address, as a phone does. */
  move(address: string): void;
  handle(bytes: Uint8Array, now: number): void;
  tick(now: number): void;
  /** Sends one protected RTP packet, with the m-line's mid. */
  sendRtp(mid: string, fields: RtpFields): void;
  sendAudio(sequence: number, level?: number): void;
  /** A one-packet frame. */
  sendVideo(sequence: number, key: boolean): void;
  /** Protects whatever bytes there are as an RTP packet and sends them. */
  sendRaw(packet: Uint8Array, headerLength: number): void;
  sendRtcp(packet: Uint8Array): void;
  sendMessage(message: ClientMediaInput | string): void;
  /** Sends a DTLS alert, fatal unless it is 0 (close_notify). */
  sendAlert(description: number): void;
  /** The last datagram of a kind that was sent. */
  lastSent(kind: "rtp" | "rtcp" | "dtls" | "stun"): Uint8Array;
}

const CHECK_INTERVAL = 500;

export function createModelClient(options: ModelClientOptions): ModelClient {
  const { slots = { video: 2, paired: 2, floating: 1 } } = options;
  let { address } = options;
  const sessionId = randomBytes(4).readUInt32BE();
  let version = 0;
  let frozen = false;
  let clock = 0;
  let nextCheck = 0;
  let checked = false;
  let broken = 0;
  let channels: DataChannels | undefined;
  let inbound: InboundSrtp | undefined;
  let outbound: OutboundSrtp | undefined;
  const heard: Heard[] = [];
  const reports: { at: number; bytes: Uint8Array }[] = [];
  const sent = new Map<number, Uint8Array>();

  const send = (bytes: Uint8Array): void => {
    if (frozen) return;
    sent.set(packetKind(bytes, 0, bytes.length), bytes);
    options.send(bytes);
  };

  const ice = createModelIce(send);
  const dtls: TestClient = createTestClient({
    certificate,
    send,
    onData: data => channels?.handle(data, clock),
  });

  function handleStun(bytes: Uint8Array): void {
    const what = ice.handle(bytes);
    if (what === "broken") broken++;
    if (what !== "answered" || checked) return;
    checked = true;
    dtls.start(clock);
  }

  function handleDtls(bytes: Uint8Array): void {
    dtls.handle(bytes, clock);
    if (!dtls.connected || outbound !== undefined) return;
    const { srtp } = dtls;
    if (srtp === undefined) throw new Error("no SRTP keys");
    const profile = srtpProfiles.find(({ name }) => name === srtp.profile)!;
    // The keys are named from the server's end.
    outbound = createOutboundSrtp({ master: { profile, key: srtp.remoteKey, salt: srtp.remoteSalt } });
    inbound = createInboundSrtp({ master: { profile, key: srtp.localKey, salt: srtp.localSalt } });
    if (options.withChannel === false) return;
    channels = createDataChannels({
      negotiated: [{ id: 0, label: "tandem-media.v1", protocol: "" }],
      mtu: 1_100,
      send: packet => send(dtls.seal(ContentType.applicationData, packet)),
      listener: {
        onOpen: () => client.sendMessage({ type: "hello", features: [] }),
        onMessage: (_id, data) => heard.push({ message: JSON.parse(String(data)) as NodeMediaMessage }),
        onChannelClosed() {},
        onWritable() {},
        onClosed() {},
      },
    });
    channels.connect(clock);
  }

  function handleMedia(bytes: Uint8Array, kind: PacketKind): void {
    const packet = Buffer.from(bytes);
    if (kind === PacketKind.rtcp) {
      const length = inbound?.unprotectRtcp(packet, 0, packet.length) ?? 0;
      if (length > 0) reports.push({ at: clock, bytes: packet.subarray(0, length) });
      else broken++;
      return;
    }
    const length = inbound?.unprotectRtp(packet, 0, packet.length) ?? 0;
    if (length <= 0) {
      broken++;
      return;
    }
    const csrcs = packet[0]! & 15;
    const extended = (packet[0]! & 16) !== 0;
    const headers = 12 + csrcs * 4;
    const payload = headers + (extended ? 4 + packet.readUInt16BE(headers + 2) * 4 : 0);
    heard.push({
      packet: {
        at: clock,
        ssrc: readUint32(packet, 8),
        payloadType: packet[1]! & 0x7f,
        sequence: packet.readUInt16BE(2),
        timestamp: readUint32(packet, 4),
        csrc: csrcs === 0 ? 0 : readUint32(packet, 12),
        payload: packet.subarray(payload, length).toString("latin1"),
      },
    });
  }

  const client: ModelClient = {
    get address() {
      return address;
    },
    get connected() {
      return outbound !== undefined;
    },
    heard,
    get packets() {
      return heard.flatMap(each => ("packet" in each ? [each.packet] : []));
    },
    get messages() {
      return heard.flatMap(each => ("message" in each ? [each.message] : []));
    },
    reports,
    get broken() {
      return broken;
    },
    offer: more => {
      const { withPlan = true, withChannel = true } = options;
      return modelOffer(
        { ice: ice.local, fingerprint, sessionId, version: ++version, slots, withPlan, withChannel },
        more,
      );
    },
    restartIce(credentials = modelCredentials()) {
      ice.local = credentials;
    },
    accept(answer) {
      const value = (name: string): string => new RegExp(`^a=${name}:(.*)\r$`, "m").exec(answer)![1]!;
      ice.remote = { ufrag: value("ice-ufrag"), password: value("ice-pwd") };
      nextCheck = 0;
    },
    freeze(value) {
      frozen = value;
    },
    move(to) {
      address = to;
      nextCheck = 0;
    },
    handle(bytes, now) {
      clock = now;
      if (frozen) return;
      const kind = packetKind(bytes, 0, bytes.length);
      if (kind === PacketKind.stun) handleStun(bytes);
      else if (kind === PacketKind.dtls) handleDtls(bytes);
      else if (kind === PacketKind.rtp || kind === PacketKind.rtcp) handleMedia(bytes, kind);
      else broken++;
    },
    tick(now) {
      clock = now;
      if (now >= nextCheck) {
        nextCheck = now + CHECK_INTERVAL;
        ice.check();
      }
      if (checked && !dtls.connected) dtls.tick(now);
      if (channels !== undefined && now >= channels.nextTimeout()) channels.tick(now);
    },
    sendRtp(mid, fields) {
      const packet = buildRtp({
        ...fields,
        extensions: [[OFFERED.mid, Buffer.from(mid)], ...(fields.extensions ?? [])],
      });
      client.sendRaw(packet, packet.length - (fields.payload?.length ?? 0) - (fields.padding ?? 0));
    },
    sendAudio(sequence, level = 20) {
      client.sendRtp("0", {
        payloadType: OFFERED.opus,
        sequence,
        timestamp: sequence * 960,
        ssrc: 1_000,
        extensions: [[OFFERED.audioLevel, Uint8Array.of(0x80 | level)]],
        payload: Buffer.from(`\x78audio ${address} ${sequence}`, "latin1"),
      });
    },
    sendVideo(sequence, key) {
      // A descriptor that starts a frame, then the frame header's first byte: even in key frames.
      const start = key ? "\x10\x10" : "\x10\x11";
      client.sendRtp("1", {
        payloadType: OFFERED.vp8,
        sequence,
        timestamp: sequence * 3_000,
        ssrc: 2_000,
        marker: true,
        payload: Buffer.from(`${start}video ${address} ${sequence}`, "latin1"),
      });
    },
    sendRaw(packet, headerLength) {
      const buffer = Buffer.alloc(packet.length + 16);
      buffer.set(packet);
      const length = outbound!.protectRtp(buffer, 0, headerLength, packet.length - headerLength);
      if (length <= 0) throw new Error(`protecting failed: ${length}`);
      send(buffer.subarray(0, length));
    },
    sendRtcp(packet) {
      const buffer = Buffer.alloc(packet.length + 20);
      buffer.set(packet);
      send(buffer.subarray(0, outbound!.protectRtcp(buffer, 0, packet.length)));
    },
    sendMessage(content) {
      channels?.send(0, typeof content === "string" ? content : JSON.stringify(content), clock);
    },
    sendAlert(description) {
      send(dtls.seal(ContentType.alert, Uint8Array.of(description === 0 ? 1 : 2, description)));
    },
    lastSent(kind) {
      const bytes = sent.get(PacketKind[kind]);
      if (bytes === undefined) throw new Error(`no ${kind} was sent`);
      return new Uint8Array(bytes);
    },
  };
  return client;
}
