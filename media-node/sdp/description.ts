/** A session description as lines (RFC 8866), before any profile gives meaning to its attributes. */
export interface SdpDescription {
  readonly origin: SdpOrigin;
  /** `s=` */
  readonly name: string;
  readonly connection?: SdpConnection | undefined;
  readonly attributes: readonly SdpAttribute[];
  readonly media: readonly SdpMedia[];
}

/** `o=`: who made it; id and version are numbers too long for JavaScript's. */
export interface SdpOrigin {
  readonly username: string;
  readonly sessionId: string;
  readonly version: string;
  readonly addressType: string;
  readonly address: string;
}

/** `c=`, the address with whatever follows it (time to live, count). */
export interface SdpConnection {
  readonly addressType: string;
  readonly address: string;
}

/** `a=name:value`, or `a=name` with an empty value. */
export interface SdpAttribute {
  readonly name: string;
  readonly value: string;
  /** Where it was read; 0 in what we write. */
  readonly line: number;
}

/** `m=` and the lines that belong to it. */
export interface SdpMedia {
  /** `audio`, `video`, `application`, … */
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  /** Payload types, or whatever the protocol puts there; never empty. */
  readonly formats: readonly string[];
  readonly connection?: SdpConnection | undefined;
  readonly attributes: readonly SdpAttribute[];
  /** Where its `m=` was read; 0 in what we write. */
  readonly line: number;
}

/** An attribute to be written. */
export function attribute(name: string, value = ""): SdpAttribute {
  return { name, value, line: 0 };
}

/** The first attribute of that name. */
export function findAttribute(attributes: readonly SdpAttribute[], name: string): SdpAttribute | undefined {
  return attributes.find(candidate => candidate.name === name);
}
