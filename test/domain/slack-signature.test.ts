/** Whether Slack sent a request: the borders of its age, the secrets of a rotation, the bytes that are signed, and how they are compared. */

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgeryOf, signatureOf } from "../../domain/slack-signature.ts";

const [OLD, NEW, OTHER] = ["the-old-signing-secret", "the-new-signing-secret", "somebody-elses-secret"];
const TIMESTAMP = "1772416800";
const AT = Number(TIMESTAMP) * 1000;
const BODY = "payload=%7B%22type%22%3A%22block_actions%22%7D";
const signed = (secret: string, body = BODY) => ({
  body,
  timestamp: TIMESTAMP,
  signature: signatureOf(secret, TIMESTAMP, body),
});

describe("the age of a request", () => {
  test.each([
    ["300 s old", 300_000, true],
    ["300.001 s old", 300_001, false],
    ["300 s ahead", -300_000, true],
    ["300.001 s ahead", -300_001, false],
  ])("%s", (_, ageMs, isSlacks) => {
    const forged = forgeryOf(signed(NEW), [NEW], AT + ageMs);
    expect(forged === undefined).toBe(isSlacks);
    if (!isSlacks) expect(forged).toMatch(/more than 300 s: it may be a replay/);
  });

  test.each([
    "",
    " 1772416800",
    "1772416800.0",
    "+1772416800",
    "1.7e9",
    "0x69a5",
    "-1",
    "NaN",
    "9999999999999",
  ])("that is written as %j is none of Slack's, signed or not", (timestamp) => {
    const request = { body: BODY, timestamp, signature: signatureOf(NEW, timestamp, BODY) };
    expect(forgeryOf(request, [NEW], AT)).toMatch(/no timestamp/);
  });
});

describe("the secrets of a rotation", () => {
  test.each([
    ["old", OLD, [NEW, OLD], true],
    ["new", NEW, [NEW, OLD], true],
    ["neither", OTHER, [NEW, OLD], false],
    ["old, after the rotation", OLD, [NEW], false],
  ])("%s", (_, secret, secrets, isSlacks) => {
    expect(forgeryOf(signed(secret), secrets, AT) === undefined).toBe(isSlacks);
  });
});

describe("what is signed is the raw body", () => {
  test.each([
    ["blanks written as another encoder would", "payload=%7B+%7D", "payload=%7B%20%7D"],
    ["escapes in lower case", "payload=%7B%7D", "payload=%7b%7d"],
    ["fields in another order", "a=1&payload=%7B%7D", "payload=%7B%7D&a=1"],
    ["JSON spelled anew", 'payload={"a": 1}', 'payload={"a":1}'],
    ["a line break at the end", "payload=%7B%7D\n", "payload=%7B%7D"],
  ])("%s is another body", (_, sent, spelled) => {
    expect(forgeryOf(signed(NEW, sent), [NEW], AT)).toBeUndefined();
    expect(forgeryOf({ ...signed(NEW, sent), body: spelled }, [NEW], AT)).toMatch(/signature/);
  });

  test("letters beyond ASCII are signed as their UTF-8", () => {
    expect(forgeryOf(signed(NEW, "payload=Übung, 漢字"), [NEW], AT)).toBeUndefined();
  });
});

describe("the comparison", () => {
  const compared: number[] = [];
  const real = crypto.timingSafeEqual;
  const use = (compare: typeof real) => {
    crypto.timingSafeEqual = compare;
    syncBuiltinESMExports();
  };
  beforeAll(() =>
    use((a, b) => {
      compared.push(a.byteLength);
      return real(a, b);
    }),
  );
  afterAll(() => use(real));
  const right = signatureOf(NEW, TIMESTAMP, BODY);
  test.each([
    ["the right one", right],
    ["wrong in its first digit", right.replace("v0=", "v0=x").slice(0, right.length)],
    ["wrong in its last digit", `${right.slice(0, -1)}x`],
  ])("takes every byte of every secret's signature, whatever is given: %s", (_, signature) => {
    compared.length = 0;
    forgeryOf({ ...signed(NEW), signature }, [NEW, OLD], AT);
    expect(compared).toEqual([67, 67]);
  });

  test.each(["", "v0=", right.slice(0, -1), `${right}0`, right.toUpperCase()])(
    "of %j finds no signature of ours",
    (signature) => expect(forgeryOf({ ...signed(NEW), signature }, [NEW], AT)).toMatch(/signature/),
  );
});
