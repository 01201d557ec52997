/** The ways out in AWS, against real sockets on loopback: HTTP with its bounds, DNS with its lost and cut answers. */

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:http";
import { Agent } from "node:https";
import { createServer as createTcp, type Server as TcpServer } from "node:net";
import { decode, encode, TRUNCATED_RESPONSE } from "dns-packet";
import { afterEach, describe, expect, test } from "vitest";
import { ask } from "../../adapters/dns.ts";
import { makeAskDns } from "../../adapters/dns-udp.ts";
import { makeHttpsExchange } from "../../adapters/https.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const serve = (handler: Parameters<typeof createServer>[1]): Promise<string> =>
  new Promise((resolve) => {
    const server: Server = createServer(handler as never).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      resolve(`http://127.0.0.1:${port}`);
    });
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
  });

const exchange = (timeoutMs = 2_000) =>
  makeHttpsExchange({
    agent: new Agent(),
    timeoutMs,
    authorize: async () => ({ authorization: "Bearer t" }),
  });

describe("the exchange over node:https", () => {
  test("carries method, headers, body and the host's own authorisation, and gives status, headers and body back", async () => {
    const base = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (c: Buffer) => chunks.push(c));
      request.on("end", () => {
        response.writeHead(409, { "x-kind": "Status", "content-type": "application/json" });
        response.end(
          JSON.stringify({
            method: request.method,
            auth: request.headers.authorization,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
    });
    const answer = await exchange()({
      method: "PATCH",
      url: `${base}/a?b=1`,
      headers: { accept: "x/y" },
      body: "é",
    });
    expect(answer.status).toBe(409);
    expect(answer.headers["x-kind"]).toBe("Status");
    expect(JSON.parse(answer.body)).toEqual({ method: "PATCH", auth: "Bearer t", body: "é" });
  });

  test("a request to another address keeps its host: in TLS (SNI) and in the Host header", async () => {
    const hellos: Buffer[] = [];
    const server = createTcp((socket) => {
      socket.on("data", (bytes: Buffer) => {
        hellos.push(bytes);
        socket.destroy();
      });
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { readonly port: number }).port));
    });
    closing.push(() => server.close());
    const request = { method: "GET", url: `https://www.shop.example:${port}/`, headers: {} } as const;
    await expect(exchange()({ ...request, connectTo: "127.0.0.1" })).rejects.toThrow();
    // The name in the handshake is not encrypted.
    expect(Buffer.concat(hellos).includes("www.shop.example")).toBe(true);
    const said: (string | undefined)[] = [];
    const plain = await serve((incoming, response) => {
      said.push(incoming.headers.host);
      response.end();
    });
    const at = new URL(plain).port;
    await exchange()({ method: "GET", url: `http://localhost:${at}/`, headers: {}, connectTo: "127.0.0.1" });
    expect(said).toEqual([`localhost:${at}`]);
  });

  test("a server that never answers is a lost answer, not a wait without end", async () => {
    const base = await serve(() => {});
    await expect(exchange(60)({ method: "GET", url: base, headers: {} })).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
  });

  test("nothing but loopback is spoken to without TLS: a token would be readable on the way", async () => {
    await expect(exchange()({ method: "GET", url: "http://192.0.2.1/", headers: {} })).rejects.toThrow(
      "only spoken to over TLS",
    );
  });
});

const question = { name: "a.example", type: "A" as const };
const answerTo = (message: Uint8Array, data: string, flags = 0): Buffer => {
  const asked = decode(Buffer.from(message));
  return encode({
    type: "response",
    id: asked.id ?? 0,
    flags,
    questions: asked.questions ?? [],
    answers: [{ ...question, ttl: 60, data }],
  });
};

const udp = (onMessage: (socket: Socket, message: Buffer, port: number) => void): Promise<number> =>
  new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.on("message", (message, from) => onMessage(socket, message, from.port));
    socket.bind(0, "127.0.0.1", () => resolve(socket.address().port));
    closing.push(() => socket.close());
  });

describe("DNS questions over UDP", () => {
  test("an answer with the question's id is the answer; a forged one with another id is passed over", async () => {
    const port = await udp((socket, message, to) => {
      const forged = answerTo(message, "192.0.2.66");
      forged[0] = (forged[0] ?? 0) ^ 0xff;
      socket.send(forged, to, "127.0.0.1");
      socket.send(answerTo(message, "192.0.2.1"), to, "127.0.0.1");
    });
    const answer = await ask(makeAskDns({ timeoutMs: 2_000, port }), "127.0.0.1", question.name, "A");
    expect(answer.answers.map((a) => a.value)).toEqual(["192.0.2.1"]);
  });

  test("no answer in time is AnswerLost, never an empty answer", async () => {
    const port = await udp(() => {});
    await expect(
      ask(makeAskDns({ timeoutMs: 50, port }), "127.0.0.1", question.name, "A"),
    ).rejects.toMatchObject({ name: "AnswerLost" });
  });

  test("a cut answer is asked again over TCP", async () => {
    const port = await udp((socket, message, to) =>
      socket.send(answerTo(message, "192.0.2.9", TRUNCATED_RESPONSE), to, "127.0.0.1"),
    );
    await new Promise<void>((resolve) => {
      const server: TcpServer = createTcp((socket) => {
        socket.on("data", (chunk) => {
          const answer = answerTo(chunk.subarray(2), "192.0.2.7");
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          socket.write(length);
          socket.end(answer);
        });
      }).listen(port, "127.0.0.1", () => resolve());
      closing.push(() => server.close());
    });
    const answer = await ask(makeAskDns({ timeoutMs: 2_000, port }), "127.0.0.1", question.name, "A");
    expect(answer.answers.map((a) => a.value)).toEqual(["192.0.2.7"]);
  });
});
