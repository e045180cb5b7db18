import type { ImageSummary } from "#protocol/tabvisor.ts";
import type { Slice } from "./slice.ts";

/** What can be booted. */
export interface ImagesSlice {
  /** Undefined until the catalogue has been read. */
  readonly images: readonly ImageSummary[] | undefined;
  /** Why the catalogue could not be read, in words for a person. */
  readonly imagesFailure: string | undefined;
  receiveImages(images: readonly ImageSummary[]): void;
  imagesFailed(reason: string): void;
}

export const createImagesSlice: Slice<ImagesSlice> = (set) => ({
  images: undefined,
  imagesFailure: undefined,
  receiveImages: (images) => set({ images, imagesFailure: undefined }),
  imagesFailed: (imagesFailure) => set({ imagesFailure }),
});
