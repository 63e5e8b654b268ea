package glia.model.quant;

import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/// Half-quadratic quantization (https://github.com/mobiusml/hqq): `W_q` holds `R · K` codes of 1, 2, 3, 4 or 8 bits in
/// words of 8 bits (of 3 bits ten in a word of 32). The words divide all values into as many parts as a word has codes,
/// the first in the highest bits: value i is in word `i mod words`. A weight is `(code - zero) · scale`, and groups are
/// counted across rows: of `group_size` neighbors (axis 1), or of values that are `R · K / group_size` apart (axis 0).
/// Settings are tensors beside `W_q`.
record Hqq() implements Packings.Packing {
    private static final String CODES = ".W_q";

    @Override
    public Optional<String> weight(String name, Parts parts) {
        return name.endsWith(CODES) ? Optional.of(base(name) + ".weight") : Optional.empty();
    }

    private static String base(String name) {
        return name.substring(0, name.length() - CODES.length());
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        String base = base(name);
        for (String key : new String[] {".quant_scale", ".quant_zero"}) {
            if (parts.has(base + key) && parts.integer(base + key) != 0) {
                throw parts.error(base + key, "says that scales or zero points are quantized too, for "
                        + "which HQQ has no form in safetensors; quantize the model again with quant_scale and "
                        + "quant_zero off, or get its unquantized weights");
            }
        }
        for (String key : new String[] {"compute_dtype", "view_as_float", "unpack_view_dtype", "channel_wise",
            "optimize", "round_zero", "offload_meta", "encoded_state_dict", "stores_quant_config", "nbits"}) {
            if (parts.has(base + "." + key)) {
                parts.tensor(base + "." + key);
            }
        }
        String packing = parts.text(base + ".packing");
        int bits = switch (packing) {
            case "8bit_u8" -> 8;
            case "4bit_u8" -> 4;
            case "3bit_32" -> 3;
            case "2bit_u8" -> 2;
            case "1bit_u8" -> 1;
            default -> throw parts.error(base + ".packing", "found \"" + packing
                    + "\", expected 8bit_u8, 4bit_u8, 3bit_32, 2bit_u8 or 1bit_u8");
        };
        Tensor shape = parts.whole(base + ".shape", DType.I64, 2);
        long rows = Memory.ALL.get(Memory.I64, shape.address());
        long cols = Memory.ALL.get(Memory.I64, shape.address() + 8);
        if (rows < 1 || cols < 1 || rows > Integer.MAX_VALUE || cols > Integer.MAX_VALUE) {
            throw parts.error(base + ".shape", "found " + rows + " and " + cols + ", expected sizes of a matrix");
        }
        return PackedTensor.of(matrix(name, bits, (int) rows, (int) cols, parts));
    }

    private static QuantizedMatrix matrix(String name, int bits, int rows, int cols, Parts parts)
            throws CheckpointException {
        String base = base(name);
        long count = (long) rows * cols;
        int axis = parts.integer(base + ".axis");
        // Without groups those of axis 1 are rows, those of axis 0 columns.
        int size = parts.has(base + ".group_size") ? parts.integer(base + ".group_size") : axis == 1 ? cols : rows;
        if (axis != 0 && axis != 1 || size < 1 || count % size != 0) {
            throw parts.error(name, "has groups of " + size + " along axis " + axis + ", expected axis 0 or 1, and "
                    + "groups that divide " + rows + " by " + cols + " values");
        }
        long groups = count / size;
        int perWord = bits == 3 ? 10 : 8 / bits;
        // Of 3 bits the last rows of the matrix of groups may lack.
        long width = axis == 1 ? size : groups;
        long words = Math.ceilDiv(count / width, perWord) * width;
        Tensor stored = parts.bytes(name, bits == 3 ? 4 * words : words);
        float[] scales = parts.floats(base + ".scale", groups);
        float[] zeros = parts.floats(base + ".zero", groups);
        int run = axis == 1 ? Repack.run(cols, size) : 1;
        LongUnaryOperator group = axis == 1 ? i -> i / size : i -> i % groups;
        Code code = bits == 8 ? Code.U8 : bits > 2 ? Code.U4 : Code.U2;
        return new QuantizedMatrix("HQQ " + bits + "-bit g" + size, rows, cols, new Grouping.Blocks(1, run),
                stored.sizeBytes() + 4 * groups, () -> new QuantizedMatrix.Parts(code,
                Repack.codes(code.bits(), rows, cols, i -> code(stored.address(), bits, perWord, words, i)),
                Repack.spread(scales, rows, cols, run, group),
                Optional.of(Repack.spread(zeros, rows, cols, run, group)), 1));
    }

    private static int code(long at, int bits, int perWord, long words, long i) {
        int word = bits == 3 ? Memory.i32(at + 4 * (i % words)) : Memory.u8(at + i % words);
        return word >>> bits * (perWord - 1 - (int) (i / words)) & (1 << bits) - 1;
    }
}
