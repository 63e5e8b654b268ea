package glia.model.quant;

import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/// Additive quantization (AQLM, https://arxiv.org/abs/2401.06118): `codes` `[R/o, K/i, C]` of 8 or 16 bits number
/// vectors of o by i weights in `codebooks` `[C, size, o, i]`. Weights are the sum of C vectors, times `scales`
/// `[R/o,1,1,1]`. The sums are computed at first use, in F16 if codebooks are, else in F32.
record Aqlm() implements Packings.Packing {
    private static final String CODES = ".codes";

    @Override
    public Optional<String> weight(String name, Parts parts) {
        return name.endsWith(CODES) ? Optional.of(base(name) + ".weight") : Optional.empty();
    }

    private static String base(String name) {
        return name.substring(0, name.length() - CODES.length());
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        Tensor codes = parts.codes(name, 3, DType.I8, DType.I16);
        String books = base(name) + ".codebooks";
        Tensor vectors = parts.real(books);
        if (vectors.rank() != 4 || vectors.dim(0) != codes.cols()
                || vectors.dim(1) > 1L << 8 * codes.dtype().blockBytes() || Long.bitCount(vectors.dim(1)) != 1) {
            throw parts.error(books, "found " + vectors + ", expected [codebooks, a power of two of vectors, outputs, "
                    + "inputs] for the codes " + codes);
        }
        int across = vectors.cols();
        int down = Math.toIntExact(vectors.dim(2));
        int rows = Math.toIntExact(codes.dim(0) * down);
        int cols = Math.toIntExact(codes.dim(1) * across);
        Tensor scales = parts.scales(base(name) + ".scales", codes.dim(0), 1, 1, 1).reshape(codes.dim(0), 1);
        float[] table = parts.floats(books, vectors.size());
        boolean isHalf = vectors.dtype() == DType.F16;
        String format = "AQLM " + codes.cols() + "×" + Long.numberOfTrailingZeros(vectors.dim(1));
        return PackedTensor.of(new QuantizedMatrix(format, rows, cols,
                new Grouping.Blocks(down, cols), codes.sizeBytes() + vectors.sizeBytes() + scales.sizeBytes(),
                () -> new QuantizedMatrix.Parts(isHalf ? Code.F16 : Code.F32, sums(codes, table, (int) vectors.dim(1),
                down, across, isHalf), scales, Optional.empty(), 1)));
    }

    /// Codes are stored as signed integers; the lowest bits count.
    private static int code(Tensor codes, long i, int vectors) {
        int code = codes.dtype() == DType.I8 ? Memory.u8(codes.address() + i)
                : Memory.ALL.get(Memory.I16, codes.address() + 2 * i);
        return code & vectors - 1;
    }

    private static Tensor sums(Tensor codes, float[] table, int vectors, int down, int across, boolean isHalf) {
        int groups = (int) codes.dim(1);
        int cols = groups * across;
        int bytes = isHalf ? 2 : 4;
        Tensor sums = Tensor.allocate(Arena.ofAuto(), DType.U8, codes.dim(0) * down, (long) bytes * cols);
        for (long r = 0; r < sums.rows(); r++) {
            for (int k = 0; k < cols; k++) {
                long first = (r / down * groups + k / across) * codes.cols();
                float sum = 0;
                for (int c = 0; c < codes.cols(); c++) {
                    int vector = c * vectors + code(codes, first + c, vectors);
                    sum += table[(vector * down + (int) (r % down)) * across + k % across];
                }
                long at = sums.address() + (r * cols + k) * bytes;
                if (isHalf) {
                    Memory.f16(at, sum);
                } else {
                    Memory.f32(at, sum);
                }
            }
        }
        return sums;
    }
}
