/** One request to a public host by the address that given name servers have for it, with the real Host and SNI: what a client of that zone would get. */

import { ask } from "../adapters/dns.ts";
import { AnswerLost } from "../domain/errors.ts";
import type { Verdict } from "../domain/gates.ts";
import type { Context } from "./step.ts";
import { judge } from "./verdicts.ts";

/** A status, or why there is none. */
export type Probed = { readonly status: number } | { readonly why: string };

const seen = async <T>(call: Promise<T>): Promise<T | { readonly lost: string }> => {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AnswerLost) return { lost: error.message };
    throw error;
  }
};

/** @param server One name server of the zone that is asked. */
export const probeHost = async (context: Context, server: string, host: string): Promise<Probed> => {
  const answer = await seen(ask(context.askDns, server, host, "A"));
  if ("lost" in answer) return { why: answer.lost };
  const address = answer.answers.find((r) => r.type === "A")?.value;
  if (address === undefined)
    return { why: `${server} answers ${answer.rcode} and has no address for ${host}` };
  try {
    const { status } = await context.http({
      method: "GET",
      url: `https://${host}/`,
      connectTo: address,
      headers: {},
    });
    return { status };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
};

/** What a probe of a host on the target says: any answer below 500 is one of the application's own. */
export const probeVerdict = async (
  context: Context,
  check: string,
  server: string,
  host: string,
): Promise<Verdict> => {
  const probed = await probeHost(context, server, host);
  const status = "status" in probed ? probed.status : null;
  return judge(context, status === null ? undefined : status < 500, {
    check,
    subject: host,
    sentence:
      "status" in probed
        ? `${host} answers ${probed.status} on the target.`
        : `${host} did not answer on the target: ${probed.why}.`,
    remedy: `Ask the target's load balancer for ${host} by hand, and look at its ingress and endpoints.`,
    value: status,
    threshold: "below 500",
    samples: status === null ? 0 : 1,
    source: `GET https://${host}/ with its SNI, at the address by ${server}`,
  });
};
