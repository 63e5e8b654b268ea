package glia.kernels.tiled;

import glia.kernels.tiled.Tiles.PackingTiles;
import glia.kernels.tiled.Tiles.Panels;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/// A cache of packed weights: each is packed at its first use and kept as long as the weight is reachable. A packed
/// form is valid for the version of the values it was made from; when they change, it is rebuilt in the same memory.
/// Forms found in a persistent store (`PackedWeightStore`) are used as they are.
///
/// Keys are objects: another object on the same memory has a form of its own, with the same version.
public final class PackedWeightCache {
    /// Packs weights.
    public interface Maker {
        /// Allocates memory for a packed form, freed when no longer reachable.
        MemorySegment memory(long sizeBytes);

        /// Writes the packed form of w.
        void make(Matrix w, long to);

        /// Whether kernels can do without a packed form if there is no memory.
        default boolean isOptional() {
            return false;
        }
    }

    private static final class Form {
        private final MemorySegment memory;
        /// Whether the memory is not shared with a store.
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
    /// Weights without memory for their optional forms: they do without from then on, since results with and without
    /// the form may differ by rounding.
    private final Set<Matrix> withoutMemory = Collections.newSetFromMap(new WeakHashMap<>());
    private PackedWeightStore store = PackedWeightStore.NONE;

    public PackedWeightCache() { }

    /// Sets the store in which forms are looked up and to which new ones are offered.
    public void usePackedWeights(PackedWeightStore other) {
        store = other;
    }

    /// The packed form of w's current values, or null if it has to be made.
    public MemorySegment current(Matrix w) {
        Form form = forms.get(w);
        return form != null && form.version == w.version() ? form.memory : null;
    }

    /// Makes or finds the packed form of w; null if it is optional and there is, or was, no memory.
    ///
    /// @param name the name of the layout; layouts that differ in any bit have different names
    public MemorySegment make(Matrix w, String name, long sizeBytes, Maker maker) {
        Form stale = forms.get(w);
        if (stale != null && stale.isOwn && stale.memory.byteSize() == sizeBytes) {
            maker.make(w, stale.memory.address());
            stale.version = w.version();
            return stale.memory;
        }
        MemorySegment memory = store.find(w, name, sizeBytes);
        boolean isShared = memory != null;
        if (!isShared) {
            if (maker.isOptional() && (withoutMemory.contains(w) || !store.hasRoom(sizeBytes))) {
                withoutMemory.add(w);
                return null;
            }
            memory = maker.memory(sizeBytes);
            maker.make(w, memory.address());
            isShared = store.offer(w, name, memory);
        }
        forms.put(w, new Form(memory, !isShared, w.version()));
        return memory;
    }

    /// FP16 or BF16 weights packed into panels (`PackedWeightCache`), as far as there is memory. After packing, the
    /// pages of a mapped file leave the process's resident memory, but not the page cache.
    public static final class PackedHalfWeights implements PackedWeightCache.Maker {
        private final PackedWeightCache forms = new PackedWeightCache();
        private final PackingTiles tiles;
        private final Panels panels;
        private final String form;

        /// Creates an empty cache.
        ///
        /// @param form the name of these panels in persistent stores
        public PackedHalfWeights(PackingTiles tiles, Panels panels, String form) {
            this.tiles = tiles;
            this.panels = panels;
            this.form = form;
        }

        /// Sets the store in which panels are looked up and to which packed ones are offered.
        void usePackedWeights(PackedWeightStore other) {
            forms.usePackedWeights(other);
        }

        /// The panels of w, whose rows are columns of B; null if there was no memory for them at the first use of w: a
        /// weight is always multiplied in the same way.
        public MemorySegment of(Tensor w) {
            MemorySegment known = forms.current(w);
            return known != null ? known : forms.make(w, form, panels.sizeBytes(w.rows(), w.cols()), this);
        }

        @Override
        public MemorySegment memory(long sizeBytes) {
            return tiles.memory(sizeBytes);
        }

        @Override
        public void make(Matrix w, long to) {
            Tensor t = (Tensor) w;
            panels.transposed(t, to);
            tiles.dropPages(t);
        }

        @Override
        public boolean isOptional() {
            return true;
        }
    }
}
