export declare const root: string;
export declare function fingerprint(paths: readonly string[]): string;
export declare function currentBundle(): Promise<string>;
