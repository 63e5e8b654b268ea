package glia.tensor.ops.scan;

/// How H heads share K key heads.
public enum HeadSharing {
    /// Consecutive heads share: head h has the key head `h / (H / K)`.
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
    /// Interleaved: head h has the key head `h mod K`.
    INTERLEAVED {
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

    /// The head with number `index` among those of a key head.
    public abstract int head(int keyHead, int index, int numHeads, int numKeyHeads);
}
