/** Label selectors as text: `app=cart,tier in (a,b),!canary`. */

import type { Labels } from "../../world/cluster/fields.ts";
import { badRequest } from "../../world/cluster/status.ts";

type Term = (labels: Labels) => boolean;

/** @throws ApiError 400 where the text isn't a selector. An empty text takes everything. */
export const parseSelector = (text: string): Term => {
  const terms = split(text).map((term) => parseTerm(term, text));
  return (labels) => terms.every((term) => term(labels));
};

/** At commas outside of parentheses. */
const split = (text: string): readonly string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((t) => t.trim())
    .filter((t) => t !== "");

const KEY = "([A-Za-z0-9][A-Za-z0-9._/-]*)";
const IN = new RegExp(`^${KEY}\\s+(in|notin)\\s+\\(([^)]*)\\)$`);
const EQUAL = new RegExp(`^${KEY}\\s*(==|=|!=)\\s*([A-Za-z0-9._-]*)$`);
const EXISTS = new RegExp(`^(!?)\\s*${KEY}$`);

const parseTerm = (term: string, whole: string): Term => {
  const inside = IN.exec(term);
  if (inside) {
    const [, key = "", operator, list = ""] = inside;
    const values = list.split(",").map((v) => v.trim());
    if (operator === "in") return (labels) => labels[key] !== undefined && values.includes(labels[key]);
    return (labels) => labels[key] === undefined || !values.includes(labels[key]);
  }
  const equal = EQUAL.exec(term);
  if (equal) {
    const [, key = "", operator, value = ""] = equal;
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const exists = EXISTS.exec(term);
  if (exists) {
    const [, not, key = ""] = exists;
    return not === "!" ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined;
  }
  throw badRequest(`unable to parse requirement: found '${term}' in selector '${whole}'`);
};
