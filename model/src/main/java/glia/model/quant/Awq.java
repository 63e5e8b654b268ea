package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.Tensor;
import java.util.Locale;

/// AWQ (https://arxiv.org/abs/2306.00978), 4 bits in the order of its GEMM kernel: `qweight` I32 `[K, R/8]`, packed
/// along the outputs in the order 0, 2, 4, 6, 1, 3, 5, 7 from the low bits on; `qzeros` `[G, R/8]` in the same order,
/// `scales` `[G,R]`. A weight is `scale · (code - zero)`.
///
/// @param groupSize inputs per group, 0 for one group
record Awq(int groupSize) implements QweightPacking {
    private static final int PER_WORD = 8;

    static Awq of(Config q) throws CheckpointException {
        String bits = q.has("bits") || !q.has("w_bit") ? "bits" : "w_bit";
        if (q.integer(bits, 4) != 4) {
            throw q.error(bits, "found " + q.integer(bits) + ", expected 4");
        }
        String key = q.has("version") ? "version" : "format";
        String version = q.text(key, "gemm").toLowerCase(Locale.ROOT);
        if (!version.equals("gemm")) {
            throw q.error(key, "found \"" + version + "\", expected \"gemm\"");
        }
        return new Awq(QweightPacking.groupSize(q));
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        Tensor words = parts.codes(name, 2, DType.I32);
        int cols = words.rows();
        int rows = Math.multiplyExact(words.cols(), PER_WORD);
        int group = groupSize == 0 ? cols : groupSize;
        int groups = Math.ceilDiv(cols, group);
        Tensor zeros = parts.whole(QweightPacking.base(name) + ".qzeros", DType.I32, groups, words.cols());
        Tensor scales = parts.scales(QweightPacking.base(name) + ".scales", groups, rows);
        return PackedTensor.of(new QuantizedMatrix("AWQ 4-bit" + (groupSize == 0 ? "" : " g" + group), rows, cols,
                new Grouping.Blocks(1, group), words.sizeBytes() + zeros.sizeBytes() + scales.sizeBytes(), () ->
                QweightPacking.parts(4, Repack.transposedAwq(words), Repack.transposed(scales),
                        Repack.zeros(zeros, rows, groups, 4, false, true, 0))));
    }
}
