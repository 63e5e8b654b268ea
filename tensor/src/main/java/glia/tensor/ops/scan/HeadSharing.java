package glia.tensor.ops.scan;

/// How heads that share a key head lie, H of them over K key heads.
public enum HeadSharing {
    /// Beside each other: head h has the key head `h / (H / K)`.
    GROUPED {
        @Override
        public int keyHead(int head, int numHeads, int numKeyHeads) {
            return head / (numHeads / numKeyHeads);
        }

        @Override
        public int head(int keyHead, int index, int numHeads, int numKeyHeads) {
            return keyHead * (numHeads / numKeyHeads) + index;
        }
    },
    /// Key heads take turns: head h has the key head `h mod K`.
    IN_TURN {
        @Override
        public int keyHead(int head, int numHeads, int numKeyHeads) {
            return head % numKeyHeads;
        }

        @Override
        public int head(int keyHead, int index, int numHeads, int numKeyHeads) {
            return index * numKeyHeads + keyHead;
        }
    };

    /// The key head of a head.
    public abstract int keyHead(int head, int numHeads, int numKeyHeads);

    /// Number `index` of the heads of a key head.
    public abstract int head(int keyHead, int index, int numHeads, int numKeyHeads);
}
