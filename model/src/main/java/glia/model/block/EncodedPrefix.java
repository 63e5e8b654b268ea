package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Span;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;

/// The keys and values of a prefix that the canvases after it see, layer by layer, in memory of their own: all of the
/// prefix, in window layers its last tokens. Made by `Decoder.encode`, read by passes of canvases (`Pass.after`).
public final class EncodedPrefix implements AutoCloseable {
    private final int length;
    private final Arena arena = Arena.ofShared();
    private final Map<Place, CrossLayer.Attended> layers = new LinkedHashMap<>();

    /// @param all keys and values of all tokens, which are copied
    /// @param spans the span of each layer
    EncodedPrefix(int length, Map<Place, CrossLayer.Attended> all, Map<Place, Span> spans) {
        this.length = length;
        all.forEach((place, kv) -> {
            int first = Math.max(0, length - NormedAttentionBlock.reach(spans.get(place)));
            layers.put(place, new CrossLayer.Attended(copy(kv.keys(), first), copy(kv.values(), first)));
        });
    }

    private Tensor copy(Tensor rows, int first) {
        Tensor copy = Tensor.allocate(arena, DType.F32, rows.rows() - first, rows.cols());
        copy.copyFrom(rows.rows(first, rows.rows()));
        return copy;
    }

    /// The number of its tokens: the position of the first token of a canvas.
    int length() {
        return length;
    }

    void copyTo(CrossLayer crossLayer) {
        layers.forEach((place, kv) -> crossLayer.attended(place, kv.keys(), kv.values()));
    }

    /// Frees the memory.
    @Override
    public void close() {
        arena.close();
    }
}
