/** One file of an image, stored as content-addressed chunks next to the manifest. */
export interface ImageFile {
  readonly role: "kernel" | "initrd" | "firmware" | "disk";
  readonly byteLength: number;
  /** SHA-256 of the whole file, lower-case hex. */
  readonly sha256: string;
  /** In order; each stands at `chunks/<sha256>` beside the manifests, as gzip when `encoding` says so; sha256 is of the decoded bytes. */
  readonly chunks: readonly {
    readonly sha256: string;
    readonly byteLength: number;
    readonly storedBytes: number;
    readonly encoding: "gzip" | "identity";
  }[];
}

/** What a guest is made from: `public/guests/<id>.json`. */
export interface ImageManifest {
  readonly formatVersion: 2;
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly kind: "system";
  readonly os: string;
  readonly memoryMiB: number;
  readonly minimumMemoryMiB: number;
  readonly firmware: "sbi" | "bare";
  readonly commandLine: string;
  /** Other command lines a person may choose, by name (for `linux`: `debian-default`). */
  readonly commandLines?: Readonly<Record<string, string>>;
  readonly files: readonly ImageFile[];
  /**
   * What the console's text ends with once the guest is ready, and what its kernel prints when it dies: as they are printed,
   * without escape sequences. Plain text: a pattern, run on what a guest prints, could hold the page for ever.
   */
  readonly prompt: string;
  readonly crashText?: string;
  readonly licences: readonly string[];
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
    readonly sha256: string;
  }[];
}

/** `public/guests/index.json`. */
export interface ImageCatalogue {
  readonly formatVersion: 1;
  readonly images: readonly string[];
}
