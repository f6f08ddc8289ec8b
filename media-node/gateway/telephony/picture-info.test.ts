import { expect, it } from "vitest";
import { asksForPicture } from "./picture-info.ts";

const BODY = Buffer.from(
  '<?xml version="1.0"?><media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>',
);

it("an INFO asks for a key picture by its content type and what it says (RFC 5168)", () => {
  expect(asksForPicture("application/media_control+xml", BODY)).toBe(true);
  expect(asksForPicture("application/media_control+xml; charset=utf-8", BODY)).toBe(true);
  expect(asksForPicture("application/dtmf-relay", BODY)).toBe(false);
  expect(asksForPicture("application/media_control+xml", Buffer.from("<media_control/>"))).toBe(false);
});
