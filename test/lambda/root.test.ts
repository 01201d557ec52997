/** The composition root in AWS: the environment at the door, the way into both clusters, and clients that were not declared. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { step } from "../../functions/step.ts";
import { API_HOSTS, makeWayOut } from "../../lambda/clusters.ts";
import { readEnvironment } from "../../lambda/environment.ts";
import { deployed } from "../../lambda/root.ts";
import { ENVIRONMENT } from "../infra/import-time.ts";

describe("the environment of a function", () => {
  it("is read whole, and has no brokers unless it names some", () => {
    const read = readEnvironment(ENVIRONMENT);
    expect(read.REPOT_CLUSTERS.source).toEqual({ name: "c", metrics: "https://metrics.example" });
    expect(read.REPOT_BROKERS).toEqual({});
  });

  it.each([
    ["REPOT_BUCKET", undefined],
    ["REPOT_CLUSTERS", "{}"],
    ["REPOT_CLUSTERS", "no JSON"],
    ["REPOT_BROKERS", '{"kafka":{"bootstrapServers":[]}}'],
  ])("with a wrong %s is an error that names it, and the deployment", (name, value) => {
    expect(() => readEnvironment({ ...ENVIRONMENT, [name]: value })).toThrow(
      new RegExp(`^The function was deployed without a good ${name}`),
    );
  });
});

type Seen = { readonly url: string; readonly authorization: string | undefined };

describe("the way out", () => {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization });
    response.end("{}");
  });
  let endpoint = "";
  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  const way = (
    describeCluster: () => Promise<{ endpoint: string; certificateAuthority: string } | undefined>,
  ) =>
    makeWayOut({
      environment: readEnvironment(ENVIRONMENT),
      describe: describeCluster,
      now: () => new Date("2026-03-03T02:00:00Z"),
      login: async (url) => (url.pathname === "/rabbit" ? { authorization: "Basic x" } : {}),
    });
  const get = (url: string) => ({ method: "GET" as const, url, headers: {} });

  it("leads to an API server by its stand-in name, asked for once, with a token of the function's role", async () => {
    let described = 0;
    const http = way(async () => {
      described += 1;
      return { endpoint, certificateAuthority: "" };
    });
    await http(get(`https://${API_HOSTS.target}/api/v1/pods?limit=2`));
    await http(get(`https://${API_HOSTS.target}/version`));
    expect(described).toBe(1);
    expect(seen.map((s) => s.url)).toEqual(["/api/v1/pods?limit=2", "/version"]);
    expect(seen[0]?.authorization).toMatch(/^Bearer k8s-aws-v1\.[A-Za-z0-9_-]+$/);
  });

  it("gives no token of a cluster to anybody else, and a broker's login to the broker alone", async () => {
    seen.length = 0;
    const http = way(async () => undefined);
    await http(get(`${endpoint}/metrics`));
    await http(get(`${endpoint}/rabbit`));
    expect(seen.map((s) => s.authorization)).toEqual([undefined, "Basic x"]);
  });

  it("says that a cluster which isn't there has no address", async () => {
    await expect(
      way(async () => undefined)(get(`https://${API_HOSTS.target}/version`)),
    ).rejects.toMatchObject({ code: "ENOTFOUND", message: "The cluster c has no address." });
  });
});

describe("a deployed function", () => {
  const reaching = (reach: "route53" | "sts" | "kafka", calls = 1) =>
    step({
      name: "reach",
      does: "Reaches for a client.",
      input: z.object({}),
      needs: {},
      run: async (_, { aws, kafka }) => {
        if (reach === "kafka") return kafka.listGroups();
        const { send } = aws[reach] as unknown as { readonly send: (command: string) => Promise<unknown> };
        return Promise.all(Array.from({ length: calls }, (_, i) => send(`command ${i}`)));
      },
    });
  /** A client that answers with its region and what it was sent; loaded and made are counted. */
  const counting = () => {
    const counts = { loaded: 0, made: 0 };
    class Client {
      readonly #region: string;
      constructor({ region }: { readonly region: string }) {
        counts.made += 1;
        this.#region = region;
      }
      async send(command: string): Promise<string> {
        return `${this.#region}: ${command}`;
      }
    }
    const load = async () => {
      counts.loaded += 1;
      return Client as never;
    };
    return { counts, load };
  };
  const withEnvironment = <T>(run: () => T): T => {
    const before = { ...process.env };
    Object.assign(process.env, ENVIRONMENT, { POWERTOOLS_DEV: "false", POWERTOOLS_LOG_LEVEL: "SILENT" });
    try {
      return run();
    } finally {
      process.env = before;
    }
  };
  const handlerOf = (file: object, load = counting().load) =>
    withEnvironment(() => deployed(file, "reach", { sts: load }));

  it("loads and makes the clients that it was bundled with once, when something is sent, and not before", async () => {
    const { counts, load } = counting();
    const handler = handlerOf({ reach: reaching("sts", 2) }, load);
    expect(counts).toEqual({ loaded: 0, made: 0 });
    expect(await handler({})).toEqual(["eu-central-1: command 0", "eu-central-1: command 1"]);
    await handler({});
    expect(counts).toEqual({ loaded: 1, made: 1 });
  });

  it("says what kept a client from being loaded, and tries again the next time", async () => {
    const { load } = counting();
    let broken = true;
    const handler = handlerOf({ reach: reaching("sts") }, async () => {
      if (broken) throw new Error("The disk is gone.");
      return load();
    });
    await expect(handler({})).rejects.toThrow("The disk is gone.");
    broken = false;
    expect(await handler({})).toEqual(["eu-central-1: command 0"]);
  });

  it.each(["route53", "kafka"] as const)(
    "that declares nothing of %s is told so, by name",
    async (service) => {
      await expect(handlerOf({ reach: reaching(service) })({})).rejects.toThrow(
        `reach declares nothing of ${service} in its needs, so it was deployed without it.`,
      );
    },
  );

  it("whose file exports no such step isn't deployed", () => {
    expect(() => handlerOf({ other: reaching("sts") && {} })).toThrow(
      "functions/reach.ts exports no step that is called reach.",
    );
  });
});
