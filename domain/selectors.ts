/** Label expressions of the Kubernetes API, as selectors, node affinity and topology use them. */

export type Expression = { readonly key?: unknown; readonly operator?: unknown; readonly values?: unknown };

/** Whether labels meet one expression. An operator that the API doesn't know is met by nothing. Source: labels.Requirement in k8s.io/apimachinery. */
export const meetsExpression = (
  labels: Readonly<Record<string, string>>,
  { key, operator, values }: Expression,
): boolean => {
  const value = labels[String(key)];
  const wanted: readonly unknown[] = Array.isArray(values) ? values : [];
  switch (operator) {
    case "In":
      return value !== undefined && wanted.includes(value);
    case "NotIn":
      return value === undefined || !wanted.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(wanted[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(wanted[0]);
    default:
      return false;
  }
};
