/** An m-line of the fake's descriptions. */
export interface Line {
  mid: string;
  kind: string;
  direction: RTCRtpTransceiverDirection;
}

/** What the fake's descriptions say, beside the ICE lines that real code reads. */
export interface FakeSdp {
  /** Which offer this is, or answers. */
  offer: string;
  ufrag: string;
  candidates: number;
  lines: Line[];
}

/** Write a description that looks enough like one. */
export const writeSdp = (sdp: FakeSdp): string =>
  `v=0\r\na=ice-ufrag:${sdp.ufrag}\r\na=fake:${JSON.stringify(sdp)}\r\n`;

/** Read one of {@link writeSdp}. */
export function readSdp(text: string): FakeSdp {
  const [, json] = text.match(/^a=fake:(.*)\r$/m) ?? [];
  if (!json) throw new DOMException("not a description", "InvalidAccessError");
  return JSON.parse(json) as FakeSdp;
}

const sends = (direction: string): boolean => direction === "sendrecv" || direction === "sendonly";
const receives = (direction: string): boolean => direction === "sendrecv" || direction === "recvonly";
const directionOf = (send: boolean, receive: boolean): RTCRtpTransceiverDirection =>
  send ? (receive ? "sendrecv" : "sendonly") : receive ? "recvonly" : "inactive";

/** A direction as the other side sees it. */
export const reverse = (direction: RTCRtpTransceiverDirection): RTCRtpTransceiverDirection =>
  directionOf(receives(direction), sends(direction));

/** What both allow. */
export const intersect = (
  one: RTCRtpTransceiverDirection,
  other: RTCRtpTransceiverDirection,
): RTCRtpTransceiverDirection => directionOf(sends(one) && sends(other), receives(one) && receives(other));

export interface Description {
  type: "offer" | "answer";
  sdp: FakeSdp;
}

/** The line of that mid. */
export const lineOf = (description: Description | undefined, mid: string | null): Line | undefined =>
  description?.sdp.lines.find(line => line.mid === mid);

/** "Check if negotiation is needed" for one transceiver (webrtc-pc §4.7.3). */
export function wantsOffer(
  { mid, direction }: { mid: string | null; direction: RTCRtpTransceiverDirection },
  current: { local?: Description; remote?: Description },
): boolean {
  const local = lineOf(current.local, mid);
  const remote = lineOf(current.remote, mid);
  if (!local || !remote) return true;
  if (current.local?.type === "answer") return local.direction !== intersect(direction, reverse(remote.direction));
  return direction !== local.direction && direction !== reverse(remote.direction);
}
