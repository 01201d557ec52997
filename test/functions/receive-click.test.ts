/** Slack's door: who is believed, who isn't, and that nothing is said about why to whom it doesn't concern. */

import { describe, expect, it } from "vitest";
import { clickIn } from "../../domain/clicks.ts";
import { forgeryOf, signatureOf } from "../../domain/slack-signature.ts";
import { receiveClick } from "../../functions/receive-click.ts";
import { DEPLOYED, SLACK_APP } from "../../simulator/services/deployed.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { makeStepBench, type StepBench } from "./bench.ts";

const BUTTON = { migration: "shop-1", plan: "a".repeat(64), question: "cut-traffic", choice: "granted" };

const payload = (changes: object = {}) => ({
  type: "block_actions",
  api_app_id: SLACK_APP.appId,
  team: { id: SLACK_APP.teamId },
  channel: { id: SLACK_APP.channelId, name: "repot" },
  container: { type: "message", message_ts: "1772416800.000100", channel_id: SLACK_APP.channelId },
  user: { id: "U0AMARA", username: "amara" },
  actions: [{ type: "button", action_id: "granted", value: JSON.stringify(BUTTON) }],
  ...changes,
});
const bodyOf = (content: object) => new URLSearchParams({ payload: JSON.stringify(content) }).toString();

type Request = { headers: Record<string, string>; body: string; isBase64Encoded?: boolean };
/** As Slack sends it now. */
const signed = (bench: StepBench, body = bodyOf(payload()), secret = SLACK_APP.signingSecret): Request => {
  const timestamp = String(Math.floor(bench.clock.now() / 1000));
  return {
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": signatureOf(secret, timestamp, body),
    },
    body,
  };
};
const knock = async (bench: StepBench, request: Request) => {
  const answer = await bench.run(receiveClick, request);
  if (answer.statusCode === 200) await bench.clock.run(() => bench.queued.length > 0);
  return answer;
};

describe("receive-click", () => {
  it("queues a click as Slack signed it, answers within a second, and declares what it needs", async () => {
    const bench = makeStepBench();
    const request = signed(bench);
    const before = bench.clock.now();
    const answer = await bench.run(receiveClick, request);
    expect(bench.clock.now() - before).toBeLessThan(1_000);
    expect(answer).toMatchObject({ statusCode: 200, body: "" });
    await bench.clock.run(() => bench.queued.length > 0);
    const [event] = bench.queued as { Records: { body: string }[] }[];
    expect(JSON.parse(event?.Records[0]?.body ?? "")).toEqual({
      via: "slack",
      body: request.body,
      timestamp: request.headers["x-slack-request-timestamp"],
      signature: request.headers["x-slack-signature"],
    });
    expect(bench.denied()).toEqual([]);
  });

  it("verifies the raw bytes, also where API Gateway hands them over in base64", async () => {
    const bench = makeStepBench();
    const request = signed(bench);
    const encoded = { ...request, body: Buffer.from(request.body).toString("base64"), isBase64Encoded: true };
    expect(await knock(bench, encoded)).toMatchObject({ statusCode: 200 });
  });

  it.each(["X-Slack-Signature", "x-slack-signature", "X-SLACK-SIGNATURE"])(
    "finds its headers however what is in front of it writes them: %s",
    async (name) => {
      const bench = makeStepBench();
      const { headers, body } = signed(bench);
      const { "x-slack-signature": signature = "", "x-slack-request-timestamp": timestamp = "" } = headers;
      const written = { [name]: signature, "X-Slack-Request-Timestamp": timestamp };
      expect(await knock(bench, { headers: written, body })).toMatchObject({ statusCode: 200 });
    },
  );

  it("queues and nothing else: no record, no answer to Step Functions, no word in Slack before it answers", async () => {
    const bench = makeStepBench();
    await knock(bench, signed(bench));
    expect(bench.calls.map((c) => c.action)).toEqual(["GetSecretValue", "SendMessage"]);
  });

  it("takes both secrets while one is rotated, and the old one no longer afterwards", async () => {
    const bench = makeStepBench();
    const old = SLACK_APP.signingSecret;
    const fresh = { ...SLACK_APP, signingSecret: "the-next-signing-secret-01" };
    bench.secrets.put(DEPLOYED.slackSecretId, JSON.stringify({ ...fresh, previousSigningSecret: old }));
    expect(await knock(bench, signed(bench, undefined, old))).toMatchObject({ statusCode: 200 });
    expect(await knock(bench, signed(bench, undefined, fresh.signingSecret))).toMatchObject({
      statusCode: 200,
    });
    bench.secrets.put(DEPLOYED.slackSecretId, JSON.stringify(fresh));
    expect(await knock(bench, signed(bench, undefined, old))).toMatchObject({ statusCode: 401 });
  });

  it.each<[string, number, (bench: StepBench) => Request, RegExp]>([
    ["with another secret", 401, (b) => signed(b, undefined, "somebody-elses-secret-1"), /signature/],
    [
      "whose body was changed on the way, by one character",
      401,
      (b) => ({ ...signed(b), body: bodyOf(payload({ user: { id: "U0AMARB" } })) }),
      /signature/,
    ],
    [
      "that is a replay, five minutes and a second old",
      401,
      (b) => {
        const request = signed(b);
        b.wait(301);
        return request;
      },
      /replay/,
    ],
    [
      "from the future (a clock that somebody else has set)",
      401,
      (b) => {
        const timestamp = String(Math.floor(b.clock.now() / 1000) + 302);
        const body = bodyOf(payload());
        return {
          body,
          headers: {
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signatureOf(SLACK_APP.signingSecret, timestamp, body),
          },
        };
      },
      /replay/,
    ],
    [
      "whose timestamp is no number (a comparison with NaN is never too old)",
      401,
      (b) => {
        const body = bodyOf(payload());
        const headers = {
          "x-slack-request-timestamp": "now",
          "x-slack-signature": signatureOf(SLACK_APP.signingSecret, "now", body),
        };
        return { ...signed(b), body, headers };
      },
      /timestamp/,
    ],
    ["of another app", 403, (b) => signed(b, bodyOf(payload({ api_app_id: "A0OTHER" }))), /app A0OTHER/],
    [
      "of another workspace",
      403,
      (b) => signed(b, bodyOf(payload({ team: { id: "T0OTHER" } }))),
      /workspace/,
    ],
    [
      "of another channel",
      403,
      (b) =>
        signed(
          b,
          bodyOf(
            payload({
              channel: { id: "C0OTHER" },
              container: { message_ts: "1.0", channel_id: "C0OTHER" },
            }),
          ),
        ),
      /channel C0OTHER/,
    ],
    ["that is no click", 400, (b) => signed(b, "payload=%7B%7D"), /no click/],
    [
      "whose button isn't ours",
      400,
      (b) => signed(b, bodyOf(payload({ actions: [{ action_id: "x", value: "{}" }] }))),
      /no click/,
    ],
  ])("refuses a request %s, and queues nothing", async (_, statusCode, request, why) => {
    const bench = makeStepBench();
    const warnings: string[] = [];
    const answer = await bench.within(receiveClick.needs, () =>
      receiveClick.run(receiveClick.input.parse(request(bench)), {
        ...bench.context,
        log: { ...bench.context.log, warn: (_m, fields) => void warnings.push(JSON.stringify(fields)) },
      }),
    );
    expect(answer.statusCode).toBe(statusCode);
    expect(answer.body, "a stranger hears nothing of why").not.toMatch(why);
    expect(warnings.join()).toMatch(why);
    const later = bench.clock.now() + 5_000;
    await bench.clock.run(() => bench.clock.now() > later);
    expect(bench.queued).toEqual([]);
  });

  it("reads no secret for a request without a signature", async () => {
    const bench = makeStepBench();
    expect(await bench.run(receiveClick, { headers: {}, body: "" })).toMatchObject({ statusCode: 401 });
    expect(bench.calls).toEqual([]);
  });

  it("fails where the queue can't take the click, so that Slack shows the person a warning (a quiet 200 would lose the vote)", async () => {
    const fault: FaultHook = (call) =>
      call.service === "sqs" && call.moment === "before" ? { kind: "server-error" } : undefined;
    const bench = makeStepBench({ fault });
    await expect(bench.run(receiveClick, signed(bench))).rejects.toMatchObject({ name: "Transient" });
  });

  it.each([
    ["not JSON", "xoxb-secret-value"],
    ["of another shape", JSON.stringify({ ...SLACK_APP, appId: 7, signingSecret: "short" })],
  ])("says of a secret that is %s which fields are wrong, and no value", async (_, value) => {
    const bench = makeStepBench();
    bench.secrets.put(DEPLOYED.slackSecretId, value);
    const said = await bench
      .run(receiveClick, signed(bench))
      .catch((error: Error) => `${error.message} ${error.cause ?? ""}`);
    expect(said).toMatch(/repot\/slack (is not JSON|lacks or misstates: appId, signingSecret)/);
    expect(said).not.toMatch(/xoxb|short/);
  });
});

describe("a signature", () => {
  it("is the one of Slack's documentation", () => {
    // "Verifying requests from Slack", the worked example.
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const secret = "8f742231b10e8888abcd99yyyzzz85a5";
    const signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    expect(signatureOf(secret, "1531420618", body)).toBe(signature);
    const request = { body, timestamp: "1531420618", signature };
    expect(forgeryOf(request, [secret], 1_531_420_618_000)).toBeUndefined();
    expect(forgeryOf(request, ["other", secret], 1_531_420_918_000)).toBeUndefined();
    expect(forgeryOf(request, [], 1_531_420_618_000)).toMatch(/signature/);
    expect(forgeryOf({ ...request, signature: signature.slice(0, -1) }, [secret], 1_531_420_618_000)).toMatch(
      /signature/,
    );
  });
});

describe("a click", () => {
  it("whose container names another channel than the click itself is none of ours", () => {
    const forged = payload({ container: { message_ts: "1.0", channel_id: "C0OTHER" } });
    expect(clickIn(bodyOf(forged))).toBeUndefined();
  });
});
