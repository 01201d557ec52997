/** Names and values of DNS as Route 53 writes them. Inside the world a name is lower case, has its last dot, and `*` isn't escaped. */

import { byCodeUnit } from "../../../domain/kube.ts";
import { remembered } from "../../../domain/remembered.ts";

/** `WWW.Shop.example` and `\052.shop.example` as the world keeps them. */
export const fqdn = remembered(10_000, (name): string => {
  const plain = name.replace(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return `${plain.toLowerCase().replace(/\.$/, "")}.`;
});

/** As Route 53 prints it: octal for what isn't a letter, digit, hyphen, underscore or dot. */
export const escaped = (name: string): string =>
  name.replace(/[^a-z0-9\-_.]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);

export const isUnder = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

/** `www.shop.example.` is ordered as `example.shop.www.`: Route 53's order, by labels from the right. */
const reversed = remembered(10_000, (name): string => `${name.split(".").slice(0, -1).reverse().join(".")}.`);

export const byDnsName = (a: string, b: string): number => byCodeUnit(reversed(a), reversed(b));

/** The name without its first label; empty at the root. */
export const parentOf = (name: string): string => name.slice(name.indexOf(".") + 1);
