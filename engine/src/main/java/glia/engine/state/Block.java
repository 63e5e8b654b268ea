package glia.engine.state;

/// A piece of native memory with reference counts. Sequences that remember the same share it; whoever wants to write
/// to a shared block copies it before. Made, counted and freed by its `BlockPool`.
final class Block {
    final Slab slab;
    final long address;
    /// References of sequences.
    int references;
    /// References of caches, which give them up when memory is short.
    int cached;

    Block(Slab slab, long address) {
        this.slab = slab;
        this.address = address;
    }

    /// Whether somebody else would see what is written to it.
    boolean isShared() {
        return references + cached > 1;
    }

    /// Whether only caches refer to it.
    boolean isOnlyCached() {
        return references == 0 && cached > 0;
    }

    long bytes() {
        return slab.blockBytes();
    }
}
