/** What the tests use of asl-validator, which brings no types. */

declare module "asl-validator" {
  const validate: (
    definition: unknown,
    options?: { readonly checkArn?: boolean },
  ) => { readonly isValid: boolean; readonly errorsText: () => string };
  export default validate;
}
