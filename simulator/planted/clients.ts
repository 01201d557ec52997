/** Clients that do something else: where the mistake of an adapter is put, between a step and its services. */

import { GetObjectCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { Context } from "../../functions/step.ts";

/** A context whose bucket is asked in another way. */
export const withS3 = (context: Context, send: (command: unknown) => unknown): Context => ({
  ...context,
  aws: { ...context.aws, s3: { send } as unknown as Context["aws"]["s3"] },
});

/** A context in which an object of the bucket reads as something else. */
export const reading = (context: Context, key: RegExp, change: (value: unknown) => unknown): Context => {
  const { s3 } = context.aws;
  return withS3(context, async (command) => {
    const answer = await s3.send(command as never);
    if (!(command instanceof GetObjectCommand) || !key.test(command.input.Key ?? "")) return answer;
    const { Body } = answer as {
      readonly Body: { readonly transformToString: (as: string) => Promise<string> };
    };
    const text = JSON.stringify(change(JSON.parse(await Body.transformToString("utf-8"))));
    return { ...(answer as object), Body: { transformToString: async () => text } };
  });
};

/** A context in which a list of the bucket's keys comes out changed. */
export const listing = (
  context: Context,
  change: (answer: ListObjectsV2CommandOutput) => Partial<ListObjectsV2CommandOutput>,
): Context => {
  const { s3 } = context.aws;
  return withS3(context, async (command) => {
    const answer = await s3.send(command as never);
    if (!(command instanceof ListObjectsV2Command)) return answer;
    const listed = answer as ListObjectsV2CommandOutput;
    return { ...listed, ...change(listed) };
  });
};

/** The context of a step to whom the objects of the bucket that end like this are not there. */
export const blindTo = (context: Context, end: string): Context => {
  const { s3 } = context.aws;
  return withS3(context, (command) =>
    command instanceof GetObjectCommand && command.input.Key?.endsWith(end)
      ? Promise.reject(Object.assign(new Error("The specified key does not exist."), { name: "NoSuchKey" }))
      : s3.send(command as never),
  );
};
