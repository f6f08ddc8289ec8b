/** The nodes of one test file: the fleet is one for all, so they go after each test. @module */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { linkNode, type TestNode } from "./node.ts";

export interface TestFleet {
  /** A node for this test alone. */
  link(options?: Parameters<typeof linkNode>[1]): Promise<TestNode>;
  /** Cut a node's link, and wait until the fleet knows. */
  unlink(node: TestNode): Promise<void>;
  /** Link it again, as the same node. */
  relink(node: TestNode, options?: Parameters<typeof linkNode>[1]): Promise<TestNode>;
  clear(): Promise<void>;
}

/** @param prefix of the nodes' names: no other file's */
export function createTestFleet(prefix: string): TestFleet {
  const live = new Set<TestNode>();
  let count = 0;

  const add = async (id: string, options: Parameters<typeof linkNode>[1]): Promise<TestNode> => {
    const node = await linkNode(id, options);
    live.add(node);
    return node;
  };
  const fleet: TestFleet = {
    link: options => add(`node-${prefix}-${++count}`, options),
    async unlink(node) {
      live.delete(node);
      node.close();
      await node.closed;
      await vi.waitFor(async () => {
        const known = (await env.FLEET.getByName("fleet").list()).find(({ id }) => id === node.id);
        if (known?.linked !== false) throw new Error(`${node.id} is linked`);
      });
    },
    relink: (node, options) => add(node.id, options),
    async clear() {
      for (const node of live) await fleet.unlink(node);
    },
  };
  return fleet;
}
