package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/// bitsandbytes (https://github.com/bitsandbytes-foundation/bitsandbytes). With 8 bits a weight is
/// `code · SCB[r] / 127`, with codes I8 `[R,K]` and `SCB` F32 `[R]`.
///
/// With 4 bits, NF4 or FP4 (https://arxiv.org/abs/2305.14314), `X.weight` holds `R · K` codes, two a byte, the first in
/// the high half, and a weight is `value(code) · absmax[block]`. Blocks of `blocksize` values are counted across rows.
/// `X.weight.quant_state.bitsandbytes__nf4` (`fp4`) is JSON with shape and sizes. Double quantization:
/// `absmax = nested_quant_map[code] · nested_absmax[block] + nested_offset`, with codes U8 in `X.weight.absmax`. A
/// stack of experts, `X` without `.weight`, is quantized as one.
///
/// @param isTransposed whether the matrices of the unquantized checkpoint are stored `[inputs, outputs]`, as those of
///     GPT-2; here they are `[outputs, inputs]` for all models
record BitsAndBytes(boolean isTransposed) implements Packings.Packing {
    private static final String WEIGHT = ".weight";
    private static final String STATE = ".quant_state.bitsandbytes__";
    private static final int LARGEST_INT8 = 127;

    @Override
    public Optional<String> weight(String name, Parts parts) throws CheckpointException {
        DType type = parts.peek(name).dtype();
        // 4-bit codes may be stored as any type.
        boolean isCodes = name.endsWith(WEIGHT) && (type == DType.I8 || type == DType.U8)
                || parts.has(name + ".absmax") || parts.has(name + STATE + "nf4") || parts.has(name + STATE + "fp4");
        return isCodes ? Optional.of(name) : Optional.empty();
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        boolean isInt8 = parts.peek(name).dtype() == DType.I8 && !parts.has(name + ".absmax");
        PackedTensor packed = isInt8 ? PackedTensor.of(int8(name, name.substring(0, name.length() - WEIGHT.length()),
                parts)) : fours(name, parts);
        return isTransposed ? packed.transposed() : packed;
    }

    private static QuantizedMatrix int8(String name, String module, Parts parts) throws CheckpointException {
        Tensor codes = parts.codes(name, 2, DType.I8);
        Tensor scales = parts.whole(module + ".SCB", DType.F32, codes.rows()).reshape(codes.rows(), 1);
        String format = module + ".weight_format";
        if (parts.has(format) && parts.integer(format) != 0) {
            throw parts.error(format, "found " + parts.integer(format) + ", expected 0, codes row by row; others are "
                    + "layouts of single GPUs");
        }
        return new QuantizedMatrix("bitsandbytes int8", codes.rows(), codes.cols(),
                new Grouping.Blocks(1, codes.cols()), codes.sizeBytes() + scales.sizeBytes(),
                () -> new QuantizedMatrix.Parts(Code.I8, codes, scales, Optional.empty(), LARGEST_INT8));
    }

    private static PackedTensor fours(String name, Parts parts) throws CheckpointException {
        String type = parts.has(name + STATE + "fp4") ? "fp4" : "nf4";
        Code code = type.equals("fp4") ? Code.FP4 : Code.NF4;
        Config state = parts.json(name + STATE + type);
        if (!state.text("quant_type").equals(type)) {
            throw state.error("quant_type", "found " + state.found("quant_type") + ", expected \"" + type + "\"");
        }
        int[] shape = state.integers("shape");
        if (shape.length < 2 || shape.length > 3 || Arrays.stream(shape).anyMatch(n -> n < 1)) {
            throw state.error("shape", "found " + state.found("shape") + ", expected two sizes, or three of a stack");
        }
        int size = state.positive("blocksize");
        int rows = shape[shape.length - 2];
        int cols = shape[shape.length - 1];
        int stack = shape.length == 3 ? shape[0] : 1;
        long each = (long) rows * cols;
        long count = Math.multiplyExact(each, stack);
        Tensor stored = parts.bytes(name, Math.ceilDiv(count, 2));
        requireTable(name + ".quant_map", code, parts);
        float[] scales = scales(name, state, Math.ceilDiv(count, size), parts);
        int run = Repack.run(cols, size);
        long bytes = (stored.sizeBytes() + parts.peek(name + ".absmax").sizeBytes()) / stack;
        return new PackedTensor(Arrays.stream(shape).asLongStream().toArray(), false, x -> new QuantizedMatrix(
                "bitsandbytes " + code + " b" + size, rows, cols, new Grouping.Blocks(1, run), bytes,
                () -> new QuantizedMatrix.Parts(code, Repack.codes(4, rows, cols, i -> code(stored, x * each + i)),
                Repack.spread(scales, rows, cols, run, i -> (x * each + i) / size), Optional.empty(), 1)));
    }

    private static int code(Tensor stored, long i) {
        return Memory.u8(stored.address() + i / 2) >> (i % 2 == 0 ? 4 : 0) & 15;
    }

    /// The table is always the same; another would be a format that is not known here.
    private static void requireTable(String name, Code code, Parts parts) throws CheckpointException {
        float[] values = parts.floats(name, 16);
        for (int i = 0; i < values.length; i++) {
            if (!(Math.abs(values[i] - code.value(i)) < 1e-6)) {
                throw parts.error(name, "value " + i + " is " + values[i] + ", expected " + code.value(i) + " of "
                        + code);
            }
        }
    }

    private static float[] scales(String name, Config state, long blocks, Parts parts) throws CheckpointException {
        String scales = name + ".absmax";
        if (parts.peek(scales).dtype() != DType.U8) {
            return parts.floats(scales, blocks);
        }
        Tensor codes = parts.bytes(scales, blocks);
        int size = state.positive("nested_blocksize");
        float offset = (float) state.real("nested_offset");
        float[] table = parts.floats(name + ".nested_quant_map", 256);
        float[] outer = parts.floats(name + ".nested_absmax", Math.ceilDiv(blocks, size));
        float[] numbers = new float[Math.toIntExact(blocks)];
        for (int i = 0; i < blocks; i++) {
            numbers[i] = table[Memory.u8(codes.address() + i)] * outer[i / size] + offset;
        }
        return numbers;
    }
}
