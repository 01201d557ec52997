/** DNS questions to one server over UDP, and over TCP where the answer was cut (RFC 1035 4.2, RFC 7766). */

import { createSocket } from "node:dgram";
import { createConnection } from "node:net";
import type { AskDns } from "./dns.ts";

export type DnsOptions = {
  readonly timeoutMs: number;
  /** 53, but for tests. */
  readonly port: number;
};

const TRUNCATED = 0x02;

/** Rejects where no answer with the question's id comes in time. */
export const makeAskDns =
  (options: DnsOptions): AskDns =>
  async (server, message) => {
    const answer = await overUdp(server, message, options);
    return ((answer[2] ?? 0) & TRUNCATED) === 0 ? answer : overTcp(server, message, options);
  };

const sameId = (a: Uint8Array, b: Uint8Array): boolean => a[0] === b[0] && a[1] === b[1];

const overUdp = (server: string, message: Uint8Array, { timeoutMs, port }: DnsOptions): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    // The socket closes itself at its deadline; closing is a lost answer unless there was one before.
    const socket = createSocket({ type: "udp4", signal: AbortSignal.timeout(timeoutMs) });
    socket.on("close", () => reject(lost(server, timeoutMs)));
    socket.on("error", reject);
    socket.on("message", (answer) => {
      if (!sameId(answer, message)) return;
      resolve(answer);
      socket.close();
    });
    socket.send(message, port, server);
  });

const overTcp = (server: string, message: Uint8Array, { timeoutMs, port }: DnsOptions): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host: server, port, timeout: timeoutMs });
    const chunks: Buffer[] = [];
    socket.on("timeout", () => socket.destroy(lost(server, timeoutMs)));
    socket.on("error", reject);
    socket.on("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return;
      socket.end();
      resolve(all.subarray(2, 2 + all.readUInt16BE(0)));
    });
  });

const lost = (server: string, timeoutMs: number): Error =>
  Object.assign(new Error(`${server} did not answer within ${timeoutMs} ms.`), { code: "ETIMEOUT" });
