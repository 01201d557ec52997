/** Addresses that brokers advertise, and whether they mean the same from the other cluster. */

/**
 * @param services `namespace/name` of the platform's Services: they are on both clusters, and lead to whoever serves them.
 * @param namespace Where a bare name is looked up; any, where it isn't known.
 */
export const resolvesFrom = (address: string, services: readonly string[], namespace?: string): boolean => {
  if (address === "" || address.includes("$") || /^(localhost|127\.|0\.0\.0\.0)/.test(address)) return false;
  const [name, second, third] = address.split(".");
  const isService = services.some((service) => {
    const [inside, known] = service.split("/");
    if (known !== name) return false;
    return second === undefined ? namespace === undefined || inside === namespace : second === inside;
  });
  if (isService) return third === undefined || third === "svc";
  // A pod of a headless Service: such names end at the cluster.
  if (third === undefined && /-\d+$/.test(name ?? "")) return false;
  return /^\d+\.\d+\.\d+\.\d+$/.test(address)
    ? false
    : /\.[a-z]{2,}$/.test(address) && !/\.(local|internal)$|\.svc\b/.test(address);
};
