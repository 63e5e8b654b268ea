package glia.model.quant;

import glia.io.CheckpointException;
import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Optional;

/// Experts as gpt-oss stores them: `…_blocks` U8 `[X,R,G,16]`, two E2M1 values per byte, the even one in the low half,
/// and `…_scales` U8 `[X,R,G]`, a power of two per 32 values. The reference transposes the `[X,R,32·G]` values to
/// `[X,32·G,R]`, the shape of the unquantized checkpoint, which families read.
///
/// Source: https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf, and the checkpoints
/// openai/gpt-oss-20b and -120b.
record Mxfp4() implements Packing {
    private static final String BLOCKS = "_blocks";
    private static final int GROUP = 32;

    @Override
    public Optional<String> weight(String name, Parts parts) {
        return name.endsWith(BLOCKS) ? Optional.of(base(name)) : Optional.empty();
    }

    private static String base(String name) {
        return name.substring(0, name.length() - BLOCKS.length());
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        Tensor blocks = parts.codes(name, 4, DType.U8);
        if (blocks.cols() != GROUP / 2) {
            throw parts.error(name, "found " + blocks + ", expected blocks of 16 bytes");
        }
        int rows = Math.toIntExact(blocks.dim(1));
        int groups = Math.toIntExact(blocks.dim(2));
        Tensor stored = parts.whole(base(name) + "_scales", DType.U8, blocks.dim(0), rows, groups);
        Tensor codes = blocks.reshape(blocks.dim(0) * rows, (long) groups * GROUP / 2);
        Tensor scales = stored.view(0, DType.F8_E8M0, stored.shape());
        long bytes = (codes.sizeBytes() + scales.sizeBytes()) / blocks.dim(0);
        return new PackedTensor(new long[] {blocks.dim(0), rows, (long) groups * GROUP}, false, i ->
                new QuantizedMatrix("MXFP4", rows, groups * GROUP, new Grouping.Blocks(1, GROUP), bytes,
                        () -> new QuantizedMatrix.Parts(Code.E2M1, codes.rows(i * rows, (i + 1) * rows),
                                scales.rows(i * rows, (i + 1) * rows), Optional.empty(), 1))).transposed();
    }
}
