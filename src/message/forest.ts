/**
 * A forest whose trees are cut and joined, and which knows at any time what the root of a node is: a link-cut tree, each
 * operation in about the logarithm of the nodes, however deep the trees are. Paths are kept as splay trees, which point
 * upward to the path that they hang from.
 *
 * D. Sleator, R. Tarjan, A Data Structure for Dynamic Trees, 1983, and Self-Adjusting Binary Search Trees, 1985.
 *
 * @module
 */

/** No node. */
export const nobody = -1;

/** Nodes are numbers from 0. */
export class Forest {
  /** Parents in the forest. */
  #parent: Int32Array;
  #children: Int32Array;
  // Of the splay trees: what is nearer to the root is left.
  #left: Int32Array;
  #right: Int32Array;
  #up: Int32Array;
  #size = 0;

  constructor(capacity = 64) {
    this.#parent = new Int32Array(capacity);
    this.#children = new Int32Array(capacity);
    this.#left = new Int32Array(capacity);
    this.#right = new Int32Array(capacity);
    this.#up = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a node without parent. */
  add(): number {
    const node = this.#size++;
    if (node === this.#parent.length) {
      this.#parent = doubled(this.#parent);
      this.#children = doubled(this.#children);
      this.#left = doubled(this.#left);
      this.#right = doubled(this.#right);
      this.#up = doubled(this.#up);
    }
    this.#parent[node] =
      this.#left[node] =
      this.#right[node] =
      this.#up[node] =
        nobody;
    return node;
  }

  parentOf(node: number): number {
    return this.#parent[node] ?? nobody;
  }

  /** Makes a root the child of another node, unless that would be a loop. */
  link(child: number, parent: number): void {
    if (child === parent || this.#wouldLoop(child, parent)) return;
    this.#access(child);
    this.#up[child] = parent;
    this.#parent[child] = parent;
    this.#children[parent] = (this.#children[parent] ?? 0) + 1;
  }

  /** Takes a node, with what is below it, from its parent. */
  cut(child: number): void {
    const parent = this.parentOf(child);
    if (parent === nobody) return;
    this.#access(child);
    const above = this.#left[child] ?? nobody;
    if (above !== nobody) this.#up[above] = nobody;
    this.#left[child] = nobody;
    this.#parent[child] = nobody;
    this.#children[parent] = (this.#children[parent] ?? 0) - 1;
  }

  /** A root is above a node if it is that node's root. Mostly one of the two is alone, which needs no search. */
  #wouldLoop(child: number, parent: number): boolean {
    if (this.#children[child] === 0 || this.parentOf(parent) === nobody) return false;
    return this.rootOf(parent) === child;
  }

  rootOf(node: number): number {
    this.#access(node);
    let root = node;
    for (let next = this.#left[root] ?? nobody; next !== nobody; next = this.#left[root] ?? nobody) {
      root = next;
    }
    this.#splay(root);
    return root;
  }

  /** Makes the path from the root to a node one splay tree, with the node on top. */
  #access(node: number): void {
    let below = nobody;
    for (let at = node; at !== nobody; at = this.#up[at] ?? nobody) {
      this.#splay(at);
      this.#right[at] = below;
      below = at;
    }
    this.#splay(node);
  }

  #splay(node: number): void {
    for (;;) {
      const up = this.#up[node] ?? nobody;
      if (!this.#isInside(node, up)) return;
      const above = this.#up[up] ?? nobody;
      if (this.#isInside(up, above)) {
        const sameSide = (this.#left[up] === node) === (this.#left[above] === up);
        this.#rotate(sameSide ? up : node);
      }
      this.#rotate(node);
    }
  }

  /** Whether `up` is the parent in the same splay tree, and not only where its path hangs. */
  #isInside(node: number, up: number): boolean {
    return up !== nobody && (this.#left[up] === node || this.#right[up] === node);
  }

  #rotate(node: number): void {
    const [left, right, ups] = [this.#left, this.#right, this.#up];
    const up = ups[node] ?? nobody;
    const above = ups[up] ?? nobody;
    if (this.#isInside(up, above)) {
      if (left[above] === up) left[above] = node;
      else right[above] = node;
    }
    const isLeft = left[up] === node;
    const moved = (isLeft ? right[node] : left[node]) ?? nobody;
    if (isLeft) {
      left[up] = moved;
      right[node] = up;
    } else {
      right[up] = moved;
      left[node] = up;
    }
    if (moved !== nobody) ups[moved] = up;
    ups[up] = node;
    ups[node] = above;
  }
}

function doubled(numbers: Int32Array): Int32Array {
  const more = new Int32Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
