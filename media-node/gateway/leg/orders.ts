/**
 * What the main process, which speaks SIP, and a media worker, which carries the sound, say to each other about a call's leg.
 * Plain data.
 * @module
 */
import type { Assignment, SdesKey } from "../../../src/protocol/index.ts";
import type { ClipName } from "./clips.ts";
import type { LegCodec } from "./formats.ts";

/** One that both sides have; each side may number it as it likes. */
export interface LegFormat {
  readonly codec: LegCodec;
  readonly sendType: number;
  readonly receiveType: number;
}

/** How a telephone proves itself where keys come by DTLS, and its ICE if it has one. */
export interface LegDtls {
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  readonly ice?: { readonly ufrag: string; readonly password: string };
  /** RTCP shares the port. */
  readonly isMuxed: boolean;
}

/** What was agreed about video. */
export interface LegVideoAgreement {
  readonly address: string;
  /** 0: nowhere, but where it comes from. */
  readonly port: number;
  /** Hosts that may send it. */
  readonly from: readonly string[];
  readonly codec: "vp8" | "h264";
  readonly payloadType: number;
  readonly srtp?: { readonly send: SdesKey; readonly receive: SdesKey };
  readonly sends: boolean;
  readonly receives: boolean;
}

/** What was agreed by offer and answer. */
export interface LegAgreement {
  /** Where the telephone wants RTP. */
  readonly address: string;
  /** 0: nowhere. */
  readonly port: number;
  /** Hosts that may speak as the telephone: where it wants RTP, and where its signaling comes from (behind a NAT). */
  readonly from: readonly string[];
  /** The first one is sent. */
  readonly formats: readonly LegFormat[];
  /** DTMF (RFC 4733); absent: it takes none. */
  readonly events?: { readonly sendType: number; readonly receiveTypes: readonly number[]; readonly clockRate: number };
  /** Keys, where sound is encrypted. */
  readonly srtp?: { readonly send: SdesKey; readonly receive: SdesKey };
  /** Instead: keys come by DTLS. */
  readonly dtls?: LegDtls;
  readonly sends: boolean;
  readonly receives: boolean;
  /** We hold it: it hears music, not the room. */
  readonly held?: boolean;
  /** Absent: nothing is seen. */
  readonly video?: LegVideoAgreement;
}

/** Main → worker. `leg` is a number that main never uses again. */
export type LegOrder =
  /** Open ports, for video too where the telephone may be seen. */
  | { readonly type: "leg.open"; readonly leg: number; readonly video: boolean }
  | { readonly type: "leg.update"; readonly leg: number; readonly agreement: LegAgreement }
  /** Be this participant of a room, which that worker holds; it may yet have to come. */
  | ({ readonly type: "leg.join"; readonly leg: number; readonly pid: string } & Assignment)
  | { readonly type: "leg.prompt"; readonly leg: number; readonly clip: ClipName }
  | { readonly type: "leg.dtmf"; readonly leg: number; readonly digits: string }
  /** The telephone wants a key picture. */
  | { readonly type: "leg.picture"; readonly leg: number }
  | { readonly type: "leg.close"; readonly leg: number };

/** Where a leg's RTP is to be sent to. */
export interface LegPlace {
  readonly address: string;
  readonly port: number;
  /** For video; absent: there is none. */
  readonly videoPort?: number;
  /** What our end of DTLS and ICE is known by. */
  readonly dtls: {
    readonly fingerprint: { readonly algorithm: string; readonly value: string };
    readonly ice: { readonly ufrag: string; readonly password: string };
  };
}

/** Worker → main. */
export type LegNews =
  | { readonly type: "leg.digit"; readonly leg: number; readonly digit: string }
  /** A prompt has been played to its end. */
  | { readonly type: "leg.said"; readonly leg: number; readonly clip: ClipName }
  /** Nothing came for long, though something should: the telephone is gone. */
  | { readonly type: "leg.silent"; readonly leg: number }
  /** The participant that it was is none any more. */
  | { readonly type: "leg.left"; readonly leg: number }
  /** It met a defect, and is closed. */
  | { readonly type: "leg.failed"; readonly leg: number };
