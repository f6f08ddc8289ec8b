/**
 * AMF0, the notation in which RTMP's commands are written: the part of it that encoders use.
 * @module
 */
import { readUint16, readUint32 } from "../../rtp/bytes.ts";

export type Amf0Value = number | boolean | string | null | undefined | Amf0Object | readonly Amf0Value[];
/** An object, or an array by names. */
export type Amf0Object = ReadonlyMap<string, Amf0Value>;

const TYPE = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  namedArray: 8,
  objectEnd: 9,
  array: 10,
  date: 11,
  longString: 12,
} as const;

/** What a command may hold at most: an encoder's are a tenth of that. */
const MAX_VALUES = 256;
const MAX_DEPTH = 4;

/** Where reading stands; `failed` once the bytes make no sense. */
interface Cursor {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;
  values: number;
  failed: boolean;
}

/** Takes so many bytes. @returns where they begin, -1 if there aren't so many */
function take(cursor: Cursor, length: number): number {
  const { at } = cursor;
  if (cursor.failed || length > cursor.end - at) {
    cursor.failed = true;
    return -1;
  }
  cursor.at += length;
  return at;
}

function readText(cursor: Cursor, lengthBytes: 2 | 4): string {
  const lengthAt = take(cursor, lengthBytes);
  if (lengthAt < 0) return "";
  const length = lengthBytes === 2 ? readUint16(cursor.bytes, lengthAt) : readUint32(cursor.bytes, lengthAt);
  const at = take(cursor, length);
  return at < 0 ? "" : cursor.bytes.toString("utf8", at, at + length);
}

function readNumber(cursor: Cursor): number {
  const at = take(cursor, 8);
  return at < 0 ? 0 : cursor.bytes.readDoubleBE(at);
}

function readProperties(cursor: Cursor, depth: number): Amf0Object {
  const properties = new Map<string, Amf0Value>();
  while (!cursor.failed) {
    const name = readText(cursor, 2);
    if (name === "" && cursor.bytes[cursor.at] === TYPE.objectEnd && take(cursor, 1) >= 0) break;
    properties.set(name, readValue(cursor, depth));
  }
  return properties;
}

function readArray(cursor: Cursor, depth: number): Amf0Value[] {
  const at = take(cursor, 4);
  const length = at < 0 ? 0 : readUint32(cursor.bytes, at);
  const values: Amf0Value[] = [];
  while (values.length < length && !cursor.failed) values.push(readValue(cursor, depth));
  return values;
}

function readValue(cursor: Cursor, depth: number): Amf0Value {
  const at = take(cursor, 1);
  if (++cursor.values > MAX_VALUES || depth > MAX_DEPTH) cursor.failed = true;
  if (at < 0 || cursor.failed) return undefined;
  switch (cursor.bytes[at]) {
    case TYPE.number:
      return readNumber(cursor);
    case TYPE.boolean: {
      const value = take(cursor, 1);
      return value >= 0 && cursor.bytes[value] !== 0;
    }
    case TYPE.string:
      return readText(cursor, 2);
    case TYPE.longString:
      return readText(cursor, 4);
    case TYPE.object:
      return readProperties(cursor, depth + 1);
    case TYPE.namedArray:
      // Its length is said to be approximate.
      take(cursor, 4);
      return readProperties(cursor, depth + 1);
    case TYPE.array:
      return readArray(cursor, depth + 1);
    case TYPE.date: {
      const time = readNumber(cursor);
      take(cursor, 2);
      return time;
    }
    case TYPE.null:
      return null;
    case TYPE.undefined:
      return undefined;
    default:
      cursor.failed = true;
      return undefined;
  }
}

/** Reads the values that stand one behind the other. @returns undefined if they can't be read, or are too many or too deep */
export function readAmf0(bytes: Buffer, offset: number, length: number): Amf0Value[] | undefined {
  const cursor: Cursor = { bytes, at: offset, end: offset + length, values: 0, failed: false };
  const values: Amf0Value[] = [];
  while (cursor.at < cursor.end && !cursor.failed) values.push(readValue(cursor, 0));
  return cursor.failed ? undefined : values;
}

/** What we write: our own values, short ones. */
export type Amf0Output = number | boolean | string | null | { readonly [name: string]: Amf0Output };

function textBytes(text: string): Buffer {
  const bytes = Buffer.from(`..${text}`);
  bytes.writeUInt16BE(bytes.length - 2, 0);
  return bytes;
}

function valueBytes(value: Amf0Output): Buffer[] {
  if (value === null) return [Buffer.of(TYPE.null)];
  if (typeof value === "boolean") return [Buffer.of(TYPE.boolean, Number(value))];
  if (typeof value === "string") return [Buffer.of(TYPE.string), textBytes(value)];
  if (typeof value === "number") {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return [bytes];
  }
  return [
    Buffer.of(TYPE.object),
    ...Object.entries(value).flatMap(([name, each]) => [textBytes(name), ...valueBytes(each)]),
    Buffer.of(0, 0, TYPE.objectEnd),
  ];
}

/** Writes values one behind the other. */
export const writeAmf0 = (...values: readonly Amf0Output[]): Buffer => Buffer.concat(values.flatMap(valueBytes));
