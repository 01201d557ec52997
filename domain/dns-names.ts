/** Names of DNS, which are the same in any case and with or without their last dot, in the two spellings that we compare and write. */

/** `WWW.Shop.example.` as `www.shop.example`. */
export const undotted = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** `WWW.Shop.example` as `www.shop.example.`, as Route 53 and servers write it. */
export const fqdn = (name: string): string => `${undotted(name)}.`;
