const UNIX_TO_NTP_SECONDS = 2_208_988_800;

/** Seconds part of a 64-bit NTP timestamp (RFC 3550 §4) of a time in milliseconds since 1970. */
export function ntpSeconds(milliseconds: number): number {
  return (Math.floor(milliseconds / 1000) + UNIX_TO_NTP_SECONDS) % 0x1_0000_0000;
}

/** Fraction part of a 64-bit NTP timestamp: a binary fraction of 2^-32 seconds, not decimal digits. */
export function ntpFraction(milliseconds: number): number {
  const rest = milliseconds - Math.floor(milliseconds / 1000) * 1000;
  return Math.min(0xffff_ffff, Math.floor((rest / 1000) * 0x1_0000_0000));
}

/** Milliseconds since 1970 of a 64-bit NTP timestamp; those with the top bit clear count from 2036 (RFC 4330 §3). */
export function ntpToMilliseconds(seconds: number, fraction: number): number {
  const era = seconds < 0x8000_0000 ? seconds + 0x1_0000_0000 : seconds;
  return (era - UNIX_TO_NTP_SECONDS) * 1000 + (fraction / 0x1_0000_0000) * 1000;
}

/** The middle 32 bits, as in LSR: 16.16 fixed point seconds. */
export function compactNtp(seconds: number, fraction: number): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}

/** The compact NTP time of a time in milliseconds since 1970. */
export function toCompactNtp(milliseconds: number): number {
  return compactNtp(ntpSeconds(milliseconds), ntpFraction(milliseconds));
}

/** A span in units of 1/65536 s, as DLSR has it, in milliseconds. */
export function compactToMilliseconds(compact: number): number {
  return (compact / 65_536) * 1000;
}

/** A span in milliseconds in units of 1/65536 s, for DLSR; spans beyond 18 hours saturate. */
export function millisecondsToCompact(milliseconds: number): number {
  return Math.max(0, Math.min(0xffff_ffff, Math.round((milliseconds / 1000) * 65_536)));
}
