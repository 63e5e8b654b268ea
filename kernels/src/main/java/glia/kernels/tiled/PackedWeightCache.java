package glia.kernels.tiled;

import glia.tensor.Matrix;
import glia.tensor.kernel.PackedWeightStore;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/// Weights in a form of kernels' own, such as packed panels, made when a weight is first met and kept until it is no
/// longer reachable. A form is good for the version of the numbers that it was made from; when these have changed, it
/// is made anew in the same memory. Forms that were kept from another time (`PackedWeightStore`) are taken as they are.
///
/// What counts is the object: another one on the same memory has a form of its own, and sees the same version.
public final class PackedWeightCache {
    /// Makes forms of one kind.
    public interface Maker {
        /// Memory for a form, freed when it is no longer reachable.
        MemorySegment memory(long sizeBytes);

        /// Writes the form of w.
        void make(Matrix w, long to);

        /// Whether products can do without a form for which there is no memory.
        default boolean isOptional() {
            return false;
        }
    }

    private static final class Form {
        private final MemorySegment memory;
        /// Whether nobody else relies on what is in the memory.
        private final boolean isOwn;
        private long version;

        Form(MemorySegment memory, boolean isOwn, long version) {
            this.memory = memory;
            this.isOwn = isOwn;
            this.version = version;
        }
    }

    /// Matrices are equal only to themselves.
    private final Map<Matrix, Form> forms = new WeakHashMap<>();
    /// Weights for whose optional forms there was no memory: they do without from then on, since products with the form
    /// and without it may differ by rounding.
    private final Set<Matrix> refused = Collections.newSetFromMap(new WeakHashMap<>());
    private PackedWeightStore conversions = PackedWeightStore.NONE;

    public PackedWeightCache() { }

    /// Where forms are looked for before they are made, and who is told of each that is.
    public void usePackedWeights(PackedWeightStore other) {
        conversions = other;
    }

    /// The form of w's present numbers, or null if it has to be made.
    public MemorySegment current(Matrix w) {
        Form form = forms.get(w);
        return form != null && form.version == w.version() ? form.memory : null;
    }

    /// Makes the form of w, or finds it; null where there is no memory for an optional one, or was none before.
    ///
    /// @param name what forms of this kind are called, another name for each that differs in a bit
    public MemorySegment make(Matrix w, String name, long sizeBytes, Maker maker) {
        Form stale = forms.get(w);
        if (stale != null && stale.isOwn && stale.memory.byteSize() == sizeBytes) {
            maker.make(w, stale.memory.address());
            stale.version = w.version();
            return stale.memory;
        }
        MemorySegment memory = conversions.find(w, name, sizeBytes);
        boolean isShared = memory != null;
        if (!isShared) {
            if (maker.isOptional() && (refused.contains(w) || !conversions.hasRoom(sizeBytes))) {
                refused.add(w);
                return null;
            }
            memory = maker.memory(sizeBytes);
            maker.make(w, memory.address());
            isShared = conversions.offer(w, name, memory);
        }
        forms.put(w, new Form(memory, !isShared, w.version()));
        return memory;
    }
}
