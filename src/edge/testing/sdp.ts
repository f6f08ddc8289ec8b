/** Descriptions as encoders, players and the media node write them, cut to what the edge looks at. @module */

const SECTIONS = {
  audio: ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2"],
  video: ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000"],
} as const;

export interface OfferOptions {
  readonly direction?: string;
  readonly media?: readonly (keyof typeof SECTIONS)[];
  readonly ufrag?: string;
  /** Lines to add to every m-line. */
  readonly more?: readonly string[];
}

/** An offer; by default an encoder's with sound and picture. */
export function offerOf(options: OfferOptions = {}): string {
  const { direction = "sendonly", media = ["audio", "video"], ufrag = "clnt", more = [] } = options;
  const sections = media.flatMap((kind, index) => [
    SECTIONS[kind][0],
    "c=IN IP4 0.0.0.0",
    `a=mid:${index}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${"p".repeat(24)}`,
    "a=setup:actpass",
    "a=rtcp-mux",
    `a=${direction}`,
    SECTIONS[kind][1],
    ...more,
  ]);
  const bundle = `a=group:BUNDLE ${media.map((_, index) => index).join(" ")}`;
  return `${["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", bundle, ...sections].join("\r\n")}\r\n`;
}

/** The media node's answer to an offer under `ufrag`; `change` rewrites each m-line's direction. */
export function answerTo(
  offer: string,
  role: "publish" | "play",
  ufrag: string,
  change = (direction: string, _media: string) => direction,
): string {
  const [session = "", ...sections] = offer.split(/^(?=m=)/m);
  const own = role === "publish" ? "recvonly" : "sendonly";
  const head = [
    ...["v=0", "o=- 2 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"],
    ...session.split("\r\n").filter(line => line.startsWith("a=group:")),
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${"n".repeat(24)}`,
  ];
  const body = sections.flatMap((section, index) => {
    const media = section.slice(2, 7);
    return [
      section.split("\r\n")[0] ?? "",
      `a=mid:${index}`,
      `a=${change(own, media)}`,
      ...(index === 0 ? ["a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host", "a=end-of-candidates"] : []),
    ];
  });
  return `${[...head, ...body].join("\r\n")}\r\n`;
}

/** What a client PATCHes: credentials and a candidate. */
export const fragmentWith = (ufrag: string, candidate = "1 1 udp 2130706431 192.0.2.7 5000 typ host"): string =>
  [
    "a=group:BUNDLE 0 1",
    "m=audio 9 UDP/TLS/RTP/SAVPF 0",
    "a=mid:0",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${"p".repeat(24)}`,
    `a=candidate:${candidate}`,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
