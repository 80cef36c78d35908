/** One member on the way to followed ones. */
export interface FollowedMember {
  /** Its place in the lists of `MemberFollower`. */
  readonly index: number;
  /** Whether its own text is asked for. */
  followed: boolean;
  /** The members of its object that lead to followed ones, by name. */
  readonly members: Map<string, FollowedMember>;
}

/** Paths of JSON members, names joined by `.`, through objects only, as a tree. */
export class FollowedPaths {
  /** The top level itself. */
  readonly root: FollowedMember;
  readonly #byPath = new Map<string, FollowedMember>();

  constructor(paths: Iterable<string>) {
    this.root = this.#member('');
    for (const path of paths) {
      let at = this.root;
      let walked = '';
      for (const name of path.split('.')) {
        walked += walked === '' ? name : `.${name}`;
        const next = this.#byPath.get(walked) ?? this.#member(walked);
        at.members.set(name, next);
        at = next;
      }
      at.followed = true;
    }
  }

  /** How many members there are, the top level included; their indices are smaller. */
  get size(): number {
    return this.#byPath.size;
  }

  /** The member at a path of the constructor; undefined for any other. */
  at(path: string): FollowedMember | undefined {
    return this.#byPath.get(path);
  }

  #member(path: string): FollowedMember {
    const member = { index: this.#byPath.size, followed: false, members: new Map() };
    this.#byPath.set(path, member);
    return member;
  }
}
