package glia.tensor.kernel;

import glia.tensor.Matrix;
import java.lang.foreign.MemorySegment;

/// Where a set of kernels looks for a weight in its own form before it converts it, and whom it tells that it has one.
/// Asked and told on the thread that computes.
public interface PackedWeightStore {
    /// Knows nothing and keeps nothing.
    PackedWeightStore NONE = new PackedWeightStore() { };

    /// A weight's converted form that was kept from another time, or null. Of a weight that was updated there is none.
    ///
    /// @param form what the form is called, another name for each that differs in a bit
    /// @param sizeBytes the size that it must have; it begins at a multiple of 64
    default MemorySegment find(Matrix w, String form, long sizeBytes) {
        return null;
    }

    /// Whether there is memory for a form of this size that could also be done without.
    default boolean hasRoom(long sizeBytes) {
        return true;
    }

    /// Tells of each weight that was converted for the first time.
    ///
    /// @return whether the form is kept here: then its memory is not written again, also if the weight is updated
    default boolean offer(Matrix w, String form, MemorySegment panels) {
        return false;
    }
}
