package glia.engine.pass;

import glia.model.block.Decoder;
import glia.model.block.Input;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The embeddings that towers made of pictures and sounds, by their content: chunks of a prompt, further turns and
/// other requests run the tower once. The least recently used are dropped beyond a limit.
final class EncodedRows {
    private static final long LIMIT_BYTES = 64L << 20;

    private final Map<String, Tensor> known = new LinkedHashMap<>(16, 0.75f, true);
    private long sizeBytes;
    private long version;

    /// The rows of a sequence with embeddings in place of the features that a chunk needs.
    ///
    /// @param to the end of the chunk
    /// @param weights the version of the weights
    /// @throws IllegalArgumentException if the chunk ends within rows that see each other in both directions
    List<Input.Embedded> of(List<Input.Embedded> all, int from, int to, Compute ops, Decoder decoder, long weights) {
        if (Input.chunkEnd(all, from, to) != to) {
            throw new IllegalArgumentException("a chunk of a prompt ends at token " + to + ", within rows that see "
                    + "each other in both directions; expected a place of Input.chunkEnd");
        }
        if (all.getLast().end() <= from) {
            return all;
        }
        if (weights != version) {
            known.clear();
            sizeBytes = 0;
            version = weights;
        }
        List<Input.Embedded> encoded = new ArrayList<>(all.size());
        for (Input.Embedded e : all) {
            boolean isNeeded = e.rows().tower() >= 0 && e.start() < to && e.end() > from;
            encoded.add(isNeeded ? new Input.Embedded(e.start(), e.rows().encoded(rows(
                    e.rows().whole().orElse(e.rows()), ops, decoder))) : e);
        }
        return encoded;
    }

    private Tensor rows(Input.Rows features, Compute ops, Decoder decoder) {
        Tensor found = known.get(features.hash());
        if (found != null) {
            return found;
        }
        int mark = ops.mark();
        ops.products().adapters().useNone();
        Tensor made = decoder.encode(ops, features);
        Tensor copy = Tensor.allocate(Arena.ofAuto(), DType.F32, made.rows(), made.cols());
        copy.copyFrom(made);
        ops.release(mark);
        known.put(features.hash(), copy);
        sizeBytes += copy.sizeBytes();
        for (Iterator<Tensor> oldest = known.values().iterator(); sizeBytes > LIMIT_BYTES && known.size() > 1;) {
            sizeBytes -= oldest.next().sizeBytes();
            oldest.remove();
        }
        return copy;
    }
}
