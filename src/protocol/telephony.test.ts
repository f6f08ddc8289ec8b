import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  AddressRange,
  CreateTrunk,
  fitsNumber,
  NumberPattern,
  PhoneNumber,
  SipHost,
  UpdateTrunk,
} from "./telephony.ts";
import { CALL_COMMANDS, CALL_FRAMES } from "./telephony-link.ts";

describe("numbers", () => {
  it.each(["+493055500117", "100", "*31#", "alice.smith"])("may be %s", number =>
    expect(v.is(PhoneNumber, number)).toBe(true),
  );
  it.each(["", "+", "a b", "a@b", "sip:a", "1\r\nVia: x", "1;x=y", '"', "1".repeat(66)])("may not be %j", number =>
    expect(v.is(PhoneNumber, number)).toBe(false),
  );

  it("are on a list whole, or by how they begin", () => {
    expect(fitsNumber("+4930", ["+49*"])).toBe(true);
    expect(fitsNumber("+4930", ["+4930"])).toBe(true);
    expect(fitsNumber("+49301", ["+4930"])).toBe(false);
    expect(fitsNumber("004930", ["+49*"])).toBe(false);
    expect(fitsNumber("anything", ["*"])).toBe(true);
    expect(fitsNumber("anything", [])).toBe(false);
    for (const pattern of ["*", "+*", "+49*", "100"]) expect(v.is(NumberPattern, pattern), pattern).toBe(true);
  });
});

describe("where a trunk leads", () => {
  it.each(["sip.example.com", "192.0.2.1", "[2001:db8::1]"])("may be %s", host =>
    expect(v.is(SipHost, host)).toBe(true),
  );
  it.each(["", "a b", "h;transport=tcp", "u@h", "h>", "h:5060", "-h"])("may not be %j", host =>
    expect(v.is(SipHost, host)).toBe(false),
  );

  it.each(["192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::1"])("takes calls from %s", range =>
    expect(v.is(AddressRange, range)).toBe(true),
  );
  it.each(["", "0.0.0.0/0", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/24/1", "host", "::/0"])("but not from %j", range =>
    expect(v.is(AddressRange, range)).toBe(false),
  );

  it("allows nothing and nobody unless it says so, and a change of it fills in no defaults", () => {
    expect(v.parse(CreateTrunk, { id: "a", host: "h" })).toMatchObject({ allow: [], accept: { addresses: [] } });
    expect(v.parse(UpdateTrunk, { callerId: null })).toEqual({ callerId: null });
  });
});

describe("calls on the link", () => {
  it("take what callers write as it is, within bounds", () => {
    const call = { type: "call.incoming", call: "c_12345678", trunk: "a", from: "Ä <b>", to: "" };
    expect(v.is(CALL_FRAMES["call.incoming"], call)).toBe(true);
    expect(v.is(CALL_FRAMES["call.incoming"], { ...call, to: "x".repeat(129) })).toBe(false);
  });

  it("go to no number that would say more than a number", () => {
    const where = { room: "r", life: "lifelife", epoch: 1, pid: "p_12345678" };
    const start = { type: "call.start", id: 1, call: "c_12345678", trunk: "a", to: "1", ...where };
    expect(v.is(CALL_COMMANDS["call.start"], start)).toBe(true);
    expect(v.is(CALL_COMMANDS["call.start"], { ...start, to: "1@evil" })).toBe(false);
  });
});
