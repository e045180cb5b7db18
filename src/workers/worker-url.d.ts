/** The URL of a worker's own bundle, which Vite makes of the file named. */
declare module "*?worker&url" {
  const url: string;
  export default url;
}
