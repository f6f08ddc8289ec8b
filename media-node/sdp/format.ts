import type { SdpAttribute, SdpConnection, SdpDescription } from "./description.ts";

const UNSAFE = /[\r\n\0]/;

function connectionLine(connection: SdpConnection | undefined): string[] {
  return connection === undefined ? [] : [`c=IN ${connection.addressType} ${connection.address}`];
}

function attributeLines(attributes: readonly SdpAttribute[]): string[] {
  return attributes.map(({ name, value }) => (value === "" ? `a=${name}` : `a=${name}:${value}`));
}

/**
 * Writes a description as text (RFC 8866 §5), lines ended by CRLF.
 * @throws TypeError if a value would break out of its line: a defect of the caller, never of a peer
 */
export function formatDescription(description: SdpDescription): string {
  const { origin, media } = description;
  const lines = [
    "v=0",
    `o=${origin.username} ${origin.sessionId} ${origin.version} IN ${origin.addressType} ${origin.address}`,
    `s=${description.name}`,
    ...connectionLine(description.connection),
    "t=0 0",
    ...attributeLines(description.attributes),
  ];
  for (const section of media) {
    lines.push(
      `m=${section.kind} ${section.port} ${section.protocol} ${section.formats.join(" ")}`,
      ...connectionLine(section.connection),
      ...attributeLines(section.attributes),
    );
  }
  for (const line of lines) if (UNSAFE.test(line)) throw new TypeError(`line break inside ${JSON.stringify(line)}`);
  return `${lines.join("\r\n")}\r\n`;
}
