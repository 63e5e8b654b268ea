package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/// FP8 weights with a scale for each block of 128 × 128, as in DeepSeek V3: `W[i,j] = code[i,j] · weight_scale_inv[i /
/// 128, j / 128]`. Despite its name the scale is a multiplier. A single scale applies to the whole matrix.
/// `activation_scale` is not used; activations stay F32.
///
/// Source: DeepSeek V3's README_WEIGHTS (https://huggingface.co/deepseek-ai/DeepSeek-V3).
///
/// @param blockRows rows of a block
/// @param blockCols columns of a block
record Fp8(int blockRows, int blockCols) implements Packing {
    private static final int DEFAULT = 128;

    static Fp8 of(Config q) throws CheckpointException {
        if (!q.has("weight_block_size")) {
            return new Fp8(DEFAULT, DEFAULT);
        }
        int[] size = q.integers("weight_block_size");
        if (size.length != 2 || size[0] < 1 || size[1] < 1) {
            throw q.error("weight_block_size", "found " + Arrays.toString(size)
                    + ", expected two integers of at least 1, or null");
        }
        return new Fp8(size[0], size[1]);
    }

    @Override
    public Optional<String> weight(String name, Parts parts) throws CheckpointException {
        Tensor t = parts.peek(name);
        boolean isCodes = (t.dtype() == DType.F8_E4M3 || t.dtype() == DType.F8_E5M2) && t.rank() >= 2;
        return isCodes ? Optional.of(name) : Optional.empty();
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        Tensor t = parts.tensor(name);
        Tensor codes = parts.codes(name, t.rank() == 3 ? 3 : 2, DType.F8_E4M3, DType.F8_E5M2);
        int cols = codes.cols();
        int stack = t.rank() == 3 ? Math.toIntExact(t.dim(0)) : 1;
        int rows = codes.rows() / stack;
        Tensor scales = parts.real(name + "_scale_inv");
        Code code = codes.dtype() == DType.F8_E4M3 ? Code.E4M3 : Code.E5M2;
        if (scales.size() == stack && scales.rank() <= t.rank()) {
            Tensor each = scales.reshape(stack, 1);
            return pack(t, codes, each, code, new Grouping.Blocks(rows, cols), 1, "FP8 " + code.name());
        }
        int blocksDown = Math.ceilDiv(rows, blockRows);
        long[] expected = t.rank() == 3 ? new long[] {stack, blocksDown, Math.ceilDiv(cols, blockCols)}
                : new long[] {blocksDown, Math.ceilDiv(cols, blockCols)};
        parts.scales(name + "_scale_inv", expected);
        return pack(t, codes, scales, code, new Grouping.Blocks(blockRows, blockCols), blocksDown,
                "FP8 " + code.name() + " " + blockRows + "×" + blockCols);
    }

    private static PackedTensor pack(Tensor t, Tensor codes, Tensor scales, Code code, Grouping grouping,
            int scaleRows, String format) {
        int stack = t.rank() == 3 ? Math.toIntExact(t.dim(0)) : 1;
        int rows = codes.rows() / stack;
        long bytes = (codes.sizeBytes() + scales.sizeBytes()) / stack;
        return new PackedTensor(t.shape(), false, i -> new QuantizedMatrix(format, rows, codes.cols(), grouping, bytes,
                () -> new QuantizedMatrix.Parts(code, codes.rows(i * rows, (i + 1) * rows),
                        scales.rows(i * scaleRows, (i + 1) * scaleRows), Optional.empty(), 1)));
    }

    @Override
    public boolean isOfActivations(String name) {
        return name.endsWith("activation_scale") || name.endsWith(".input_scale");
    }
}
