/** The client alone: which answer becomes which error of the domain. */

import { describe, expect, test } from "vitest";
import { makeKubernetes, statusOf } from "../../adapters/kubernetes.ts";
import { AnswerLost, Forbidden, Throttled, Transient } from "../../domain/errors.ts";
import { ref } from "../simulator/cluster-fixtures.ts";

const failure = async (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => "it was accepted",
    (error: unknown) => error,
  );

describe("the client", () => {
  const over = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
    makeKubernetes({ baseUrl: "https://k.test", http: async () => ({ status, headers, body }) });
  const it = ref("v1", "ConfigMap", "x");

  test.each([
    [401, Forbidden],
    [403, Forbidden],
    [429, Throttled],
    [500, Transient],
    [503, Transient],
    [410, Transient],
  ])("maps %d to an error of the domain", async (status, error) => {
    await expect(over(status, "a proxy's page").get(it)).rejects.toBeInstanceOf(error);
  });
  test("keeps what the server asks to wait", async () => {
    const error = await failure(over(429, "{}", { "retry-after": "7" }).get(it));
    expect(statusOf(error)?.retryAfterSeconds).toBe(7);
  });
  test("says that an answer was lost, since the effect may have happened", async () => {
    const broken = makeKubernetes({
      baseUrl: "https://k.test",
      http: () => Promise.reject(new Error("reset")),
    });
    await expect(broken.scale(ref("apps/v1", "Deployment", "x"), 1)).rejects.toBeInstanceOf(AnswerLost);
  });
  test("doesn't take a page that isn't JSON for an object", async () => {
    await expect(over(200, "<html>").get(it)).rejects.toBeInstanceOf(Transient);
  });
  test("sends a fresh token with each call", async () => {
    const sent: (string | undefined)[] = [];
    let count = 0;
    const client = makeKubernetes({
      baseUrl: "https://k.test/",
      http: async ({ headers }) => {
        sent.push(headers["authorization"]);
        return { status: 200, headers: {}, body: "{}" };
      },
      token: async () => {
        count += 1;
        return `t${count}`;
      },
    });
    await client.get(it);
    await client.get(it);
    expect(sent).toEqual(["Bearer t1", "Bearer t2"]);
  });
});
