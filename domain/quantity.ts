/** Kubernetes quantities (`250m`, `1.5Gi`, `1e3`) as numbers, with the API's own grammar. */

/** Source: k8s.io/apimachinery/pkg/api/resource, the serialization format of Quantity. */
const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** @returns cores, bytes or pieces; undefined where the API would refuse it. */
export const parseQuantity = (text: string | number): number | undefined => {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(
    String(text),
  );
  if (!match) return undefined;
  const value =
    Number(match[1]) * (match[2] === undefined ? (SUFFIXES[match[3] ?? ""] ?? 1) : 10 ** Number(match[2]));
  return Number.isFinite(value) ? value : undefined;
};
