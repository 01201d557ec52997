/** Whether Slack sent a request: HMAC-SHA256 over the raw body with its timestamp, as Slack's "Verifying requests" says. */

import { createHmac, timingSafeEqual } from "node:crypto";

/** Slack's own bound, and ours: an older request may be a replay. */
export const AGE_SECONDS_MAX = 300;

/** The door answers within so many seconds, or not at all: longer it can't have held a request. */
export const DOOR_SECONDS = 3;

/** What a request carries: the raw body, byte for byte as it came, and the two headers. */
export type Signed = { readonly body: string; readonly timestamp: string; readonly signature: string };

/** `v0=` and 64 hexadecimal digits. */
export const signatureOf = (secret: string, timestamp: string, body: string): string =>
  `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`, "utf8").digest("hex")}`;

/**
 * Why a request isn't Slack's, or undefined where it is.
 * @param secrets The signing secret; during a rotation the old one as well.
 * @param nowMs When it arrived, by a clock that isn't the sender's.
 * @param heldSeconds How long it may have been held by whoever has verified it before: what was young enough there stays so.
 */
export const forgeryOf = (
  request: Signed,
  secrets: readonly string[],
  nowMs: number,
  heldSeconds = 0,
): string | undefined => {
  // A number in any other writing ("1e9", " 17", "") is none of Slack's.
  if (!/^\d{1,12}$/.test(request.timestamp)) return "The request carries no timestamp of Slack's.";
  const ageSeconds = Math.abs(nowMs / 1000 - Number(request.timestamp));
  if (ageSeconds > AGE_SECONDS_MAX + heldSeconds)
    return `The request is ${Math.round(ageSeconds)} s from our clock, more than ${AGE_SECONDS_MAX} s: it may be a replay.`;
  const given = Buffer.from(request.signature, "utf8");
  // Every secret is tried, whatever the first says, and each comparison takes the same time for any signature of this length.
  const matches = secrets.filter((secret) => {
    const wanted = Buffer.from(signatureOf(secret, request.timestamp, request.body), "utf8");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
  return matches.length > 0 ? undefined : "The signature is not that of our Slack app.";
};
