/** How files with images are read. */
export interface FileRules {
  /** Where all paths begin. */
  readonly folder: string;
  readonly captionColumn: string | undefined;
  readonly imageColumn: string | undefined;
  readonly captionOfLabel: (label: string) => string;
}

/** How a folder of images is read. */
export interface ImageFolderRules extends FileRules {
  /** true: no captions from folders' names; false: always; undefined: as `datasets` decides. */
  readonly dropLabels: boolean | undefined;
  /** true: metadata files are not read. */
  readonly dropMetadata: boolean;
}
