/** The values that settings are made of. */

import * as z from "zod";

export const seconds = z.number().nonnegative().max(31_536_000);

export const count = z.number().int().nonnegative().max(1_000_000);

export const port = z.number().int().min(1).max(65_535);

export const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
    message: "is no DNS name in lower case",
  });

/** A public name; a first label `*` stands for every name below. */
export const hostName = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/, {
    message: "is no host name in lower case",
  });
