/** What simulated services share: the check that an input asks for nothing that isn't simulated, and pages of a list. */

import { NotSimulated } from "./seam.ts";

/** Throws where an input sets a field that the simulated command doesn't know: a silent pass would be a lie. */
export const knownFields = (command: string, input: object, fields: readonly string[]): void => {
  for (const field of Object.keys(input))
    if (!fields.includes(field) && (input as Readonly<Record<string, unknown>>)[field] !== undefined)
      throw new NotSimulated(`The rehearsal doesn't simulate ${field} of ${command}.`);
};

/** A token that says where the next page begins; opaque to callers, as the real ones are. */
export const tokenOf = (position: string): string => Buffer.from(position, "utf8").toString("base64url");
export const positionOf = (token: string): string => Buffer.from(token, "base64url").toString("utf8");
