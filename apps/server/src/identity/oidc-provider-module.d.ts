/**
 * The provider without the package's entry: that one only adds a warning about Node 20, which cannot be
 * configured away. What is used here works on Node 20.19, as `identity.spec.ts` shows.
 */
declare module 'oidc-provider/lib/provider.js' {
  export { Provider } from 'oidc-provider';
}
