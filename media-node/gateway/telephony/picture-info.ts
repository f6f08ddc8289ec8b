const MEDIA_CONTROL = /^application\/media_control\+xml\b/i;

/** Whether an INFO asks for a key picture, as systems do that know no RTCP for it (RFC 5168). */
export const asksForPicture = (contentType: string, body: Uint8Array): boolean =>
  MEDIA_CONTROL.test(contentType) &&
  Buffer.from(body).toString("latin1").slice(0, 1_024).includes("picture_fast_update");
