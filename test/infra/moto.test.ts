/** What Repot expects of AWS, asked of moto's server through the real SDK, over the wire; and of the deployed functions' own composition root. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASES } from "../contracts/aws-contract.ts";
import { bundleOf } from "./bundle.ts";
import { contract } from "./contract-step.ts";
import { invoke } from "./import-time.ts";
import { type Moto, startMoto } from "./moto.ts";
import { motoWorld } from "./moto-world.ts";

let moto: Moto;
let made: Awaited<ReturnType<typeof motoWorld>> | undefined;

beforeAll(async () => {
  moto = await startMoto();
  made = await motoWorld(moto.endpoint);
});

afterAll(() => {
  moto.stop();
});

const asked = CASES.filter((c) => c.source === "moto").map((c) => [`${c.service}: ${c.title}`, c] as const);

describe("moto", () => {
  it.each(asked)("%s", async (_, { run, expected }) => {
    if (!made) throw new Error("There are no clients.");
    expect(await run(made.aws, made.world)).toEqual(expected);
  });
});

describe("a function's bundle", () => {
  it("asks the same and is answered the same, with what was left out of the SDK and of Node", async () => {
    const needs = Object.fromEntries(asked.map(([, { service }]) => [service, []]));
    const file = await bundleOf({ ...contract, needs }, "test/infra/contract-step.ts");
    const { world } = await motoWorld(moto.endpoint);
    const answers = JSON.parse(invoke(file, world, { AWS_ENDPOINT_URL: moto.endpoint }));
    const expected = asked.map(([title, one]) => [title, one.expected ?? null] as const);
    expect(answers).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))));
  });
});
