import { NO_HEADER_EDITS } from '../../dialects/headers.ts';
import type { HeaderEdits } from '../../dialects/types.ts';
import type { DynamicMetadata } from '../events.ts';
import { isEmptyEdits, mergeEdits } from './direction.ts';

/** What waits to ride on a reply beside bytes: header edits and dynamic metadata. */
export class Cargo {
  #edits: HeaderEdits = NO_HEADER_EDITS;
  #metadata: DynamicMetadata | undefined;

  addEdits(edits: HeaderEdits): void {
    this.#edits = mergeEdits(this.#edits, edits);
  }

  addMetadata(metadata: DynamicMetadata): void {
    this.#metadata = this.#metadata === undefined ? metadata : { ...this.#metadata, ...metadata };
  }

  get hasEdits(): boolean {
    return !isEmptyEdits(this.#edits);
  }

  /** Takes the edits as the members of a reply; none where there are none. */
  takeEdits(): { readonly edits?: HeaderEdits } {
    if (!this.hasEdits) return {};
    const edits = this.#edits;
    this.#edits = NO_HEADER_EDITS;
    return { edits };
  }

  /** Takes the metadata as the members of a reply; none where there is none. */
  takeMetadata(): { readonly metadata?: DynamicMetadata } {
    const metadata = this.#metadata;
    if (metadata === undefined) return {};
    this.#metadata = undefined;
    return { metadata };
  }
}
