/** The simulated clusters as `kubectl` meets them: each on a port of the loopback, contexts by name, and kubectl itself where the machine has one. */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import { Clock } from "../../simulator/clock.ts";
import type { Caller } from "../../simulator/world/types.ts";
import { makeWorld, STARTS_AT, type World } from "../simulator/cluster-fixtures.ts";

/** Undefined where this machine has none: npm and PyPI have no kubectl that its makers put there. */
export const kubectlVersion = ((): string | undefined => {
  try {
    const { clientVersion } = JSON.parse(
      execFileSync("kubectl", ["version", "--client", "-o", "json"], { encoding: "utf8", stdio: "pipe" }),
    ) as { readonly clientVersion: { readonly gitVersion: string } };
    return clientVersion.gitVersion;
  } catch {
    return undefined;
  }
})();

export type Said = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type Served = {
  readonly worlds: { readonly [S in Side]: World };
  /** Where commands are given; files that they read lie here. */
  readonly folder: string;
  /** A line for a shell, as a person gives it, with contexts by these names. */
  readonly shell: (line: string) => Promise<Said>;
  readonly close: () => void;
};

/** Each request finds the cluster a second older, so that whoever waits for something gets it. */
const SECONDS_A_REQUEST = 1;
const SHELL_MS_MAX = 60_000;

type Server = { readonly url: string; readonly close: () => void };

const serve = async (world: World, caller: Caller): Promise<Server> => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    world.wait(SECONDS_A_REQUEST);
    const body = Buffer.concat(chunks).toString("utf8");
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const method = (request.method ?? "GET") as "GET";
    const url = `https://kubernetes.test${request.url ?? ""}`;
    const answer = world.cluster.api({ method, url, headers, ...(body === "" ? {} : { body }) }, caller);
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const kubeconfig = (servers: Readonly<Record<string, string>>): string => {
  const names = Object.keys(servers);
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: names.map((name) => ({ name, cluster: { server: servers[name] } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: "person" } })),
    users: [{ name: "person", user: { token: "t" } }],
  });
};

const run = (line: string, folder: string): Promise<Said> =>
  new Promise((resolve) => {
    const child = spawn("bash", ["-c", line], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, KUBECONFIG: join(folder, "kubeconfig") },
      timeout: SHELL_MS_MAX,
    });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        said[stream] += text;
      });
    child.on("close", (code) => resolve({ code: code ?? -1, ...said }));
  });

/** Both clusters with these objects in them, under the names of both documents: source and SOURCE, target and TARGET. */
export const serveBoth = async (
  objects: { readonly [S in Side]: readonly KubeObject[] },
  caller: Caller,
): Promise<Served> => {
  const worlds = {
    source: makeWorld({ side: "source", objects: objects.source, clock: new Clock(STARTS_AT) }),
    target: makeWorld({ side: "target", objects: objects.target, clock: new Clock(STARTS_AT) }),
  };
  const [source, target] = await Promise.all([serve(worlds.source, caller), serve(worlds.target, caller)]);
  const folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  const servers = { source: source.url, SOURCE: source.url, target: target.url, TARGET: target.url };
  writeFileSync(join(folder, "kubeconfig"), kubeconfig(servers));
  return {
    worlds,
    folder,
    shell: (line) => run(line, folder),
    close: () => {
      source.close();
      target.close();
      rmSync(folder, { recursive: true });
    },
  };
};
