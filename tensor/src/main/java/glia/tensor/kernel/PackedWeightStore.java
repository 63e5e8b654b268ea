package glia.tensor.kernel;

import glia.tensor.Matrix;
import java.lang.foreign.MemorySegment;

/// A persistent store of packed weights: a kernel backend looks here before it packs a weight, and offers each weight
/// it has packed. Called on the computing thread.
public interface PackedWeightStore {
    /// An empty store that keeps nothing.
    PackedWeightStore NONE = new PackedWeightStore() { };

    /// Returns the stored packed form of a weight, or null. There is none for a weight that was updated.
    ///
    /// @param form the name of the layout; layouts that differ in any bit have different names
    /// @param sizeBytes the required size; the memory is aligned to 64 bytes
    default MemorySegment find(Matrix w, String form, long sizeBytes) {
        return null;
    }

    /// Whether there is memory for an optional packed form of this size.
    default boolean hasRoom(long sizeBytes) {
        return true;
    }

    /// Offers the packed form of a weight that was packed for the first time.
    ///
    /// @return whether the store keeps this memory: then it is not written again, even if the weight is updated
    default boolean offer(Matrix w, String form, MemorySegment panels) {
        return false;
    }
}
