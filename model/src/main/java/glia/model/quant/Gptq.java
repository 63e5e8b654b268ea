package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.util.Optional;

/// GPTQ (https://arxiv.org/abs/2210.17323) with 4 or 8 bits: `qweight` I32 `[K·bits/32, R]`, packed along the inputs,
/// low bits first; `qzeros` `[G, R·bits/32]`, `scales` `[G,R]`, `g_idx[k]` the group of each input. A weight is `scale
/// · (code - (zero + 1))`; the format gptq_v2 stores zero points without the offset.
///
/// @param bits bits per code
/// @param groupSize inputs per group, 0 for one group
/// @param zeroOffset added to the stored zero points
record Gptq(int bits, int groupSize, int zeroOffset) implements QweightPacking {
    static Gptq of(Config q) throws CheckpointException {
        int bits = q.integer("bits");
        if (bits != 4 && bits != 8) {
            throw q.error("bits", "found " + bits + ", expected 4 or 8");
        }
        // Older files say checkpoint_format, newer ones format; without either it is the first format.
        String key = q.has("checkpoint_format") ? "checkpoint_format" : "format";
        String format = q.text(key, "gptq");
        if (!format.equals("gptq") && !format.equals("gptq_v2")) {
            throw q.error(key, "found \"" + format + "\", expected \"gptq\" or \"gptq_v2\"");
        }
        if (q.isObject("dynamic") && !q.child("dynamic").keys().isEmpty()) {
            throw q.error("dynamic", "settings of single modules are not supported");
        }
        if (!q.text("pack_dtype", "int32").equals("int32")) {
            throw q.error("pack_dtype", "found " + q.found("pack_dtype") + ", expected \"int32\"");
        }
        return new Gptq(bits, QweightPacking.groupSize(q), format.equals("gptq") ? 1 : 0);
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        Tensor words = parts.codes(name, 2, DType.I32);
        int perWord = 32 / bits;
        int rows = words.cols();
        int cols = Math.multiplyExact(words.rows(), perWord);
        int group = groupSize == 0 ? cols : groupSize;
        int groups = Math.ceilDiv(cols, group);
        Tensor zeros = parts.whole(QweightPacking.base(name) + ".qzeros", DType.I32, groups,
                Math.ceilDiv(rows, perWord));
        Tensor scales = parts.scales(QweightPacking.base(name) + ".scales", groups, rows);
        String order = QweightPacking.base(name) + ".g_idx";
        return PackedTensor.of(Grouped.matrix("GPTQ " + bits + "-bit" + (groupSize == 0 ? "" : " g" + group), rows,
                cols, bits, group, parts.has(order) ? Optional.of(parts.groups(order, cols, groups)) : Optional.empty(),
                words.sizeBytes() + zeros.sizeBytes() + scales.sizeBytes(),
                () -> transposed(words, zeros, scales, rows, groups)));
    }

    private QuantizedMatrix.Parts transposed(Tensor words, Tensor zeros, Tensor scales, int rows, int groups) {
        Tensor points = Repack.zeros(zeros, rows, groups, bits, false, false, zeroOffset);
        return QweightPacking.parts(bits, Repack.transposedWords(words), Repack.transposed(scales), points);
    }
}
