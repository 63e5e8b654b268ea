package glia.model.quant;

import glia.io.CheckpointException;
import glia.model.quant.CompressedScheme.Group;
import glia.model.quant.CompressedScheme.Strategy;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// The forms of compressed-tensors (https://github.com/vllm-project/compressed-tensors), module by module:
///
/// | form | codes |
/// |---|---|
/// | pack-quantized | `weight_packed` I32, low bits first; integers of 4 or 8 bits minus half their range |
/// | int-quantized, naive-quantized | `weight` I8 |
/// | float-quantized, naive-quantized | `weight` F8_E4M3 |
/// | nvfp4-pack-quantized | `weight_packed` U8 of E2M1, scales divided by `weight_global_scale` |
/// | mxfp4-pack-quantized | `weight_packed` U8 of E2M1, scales powers of two for each 32 |
///
/// `weight_scale` has one scale per matrix, output (`channel`), group of inputs or block. `weight_zero_point` exists
/// for asymmetric quantization, `weight_g_idx` for activation order.
record CompressedTensors(CompressedScheme scheme) implements Packings.Packing {
    private static final String PACKED = ".weight_packed";
    private static final String WEIGHT = ".weight";
    private static final List<String> OF_ACTIVATIONS = List.of(".input_scale", ".input_zero_point",
            ".input_global_scale", ".output_scale", ".output_zero_point", ".k_scale", ".v_scale", ".q_scale");

    @Override
    public Optional<String> weight(String name, Parts parts) throws CheckpointException {
        if (name.endsWith(PACKED)) {
            return Optional.of(module(name, PACKED) + WEIGHT);
        }
        DType type = parts.peek(name).dtype();
        boolean isCodes = name.endsWith(WEIGHT) && (type == DType.F8_E4M3 || type == DType.I8);
        return isCodes ? Optional.of(name) : Optional.empty();
    }

    private static String module(String name, String suffix) {
        return name.substring(0, name.length() - suffix.length());
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        String module = module(name, name.endsWith(PACKED) ? PACKED : WEIGHT);
        if (scheme.ignores(module)) {
            throw parts.error(name, "is packed, but quantization_config says to ignore the module " + module);
        }
        Group group = scheme.groupOf(module, name, parts);
        return switch (group.format()) {
            case "pack-quantized" -> packed(name, module, group, parts);
            case "int-quantized", "float-quantized", "naive-quantized" -> plain(name, module, group, parts);
            case "nvfp4-pack-quantized", "mxfp4-pack-quantized" -> fours(name, module, group, parts);
            default -> throw parts.error(name, "is packed in the format \"" + group.format() + "\", supported are "
                    + "pack-quantized, int-quantized, float-quantized, naive-quantized, nvfp4-pack-quantized and "
                    + "mxfp4-pack-quantized");
        };
    }

    private static PackedTensor packed(String name, String module, Group group, Parts parts)
            throws CheckpointException {
        int bits = group.bits();
        if (group.isFloat() || bits != 4 && bits != 8) {
            throw parts.error(name, "holds codes of " + bits + " bits, expected integers of 4 or 8");
        }
        Tensor words = parts.codes(name, 2, DType.I32);
        int perWord = 32 / bits;
        int rows = words.rows();
        int cols = cols(module + ".weight_shape", rows, parts);
        if (words.cols() != Math.ceilDiv(cols, perWord)) {
            throw parts.error(name, "found " + words + ", expected " + Math.ceilDiv(cols, perWord) + " columns for "
                    + cols + " inputs");
        }
        Scales scales = scales(module, group, rows, cols, parts);
        Tensor codes = words.view(0, DType.U8, rows, 4L * words.cols());
        long bytes = words.sizeBytes() + scales.numbers.sizeBytes();
        String format = "int" + bits + suffix(group);
        String order = module + ".weight_g_idx";
        boolean isOrdered = group.strategy() == Strategy.GROUP && parts.has(order);
        Optional<int[]> groupOf = isOrdered
                ? Optional.of(parts.groups(order, cols, scales.numbers.cols())) : Optional.empty();
        if (group.isSymmetric()) {
            Code code = bits == 4 ? Code.OFFSET4 : Code.OFFSET8;
            return isOrdered ? PackedTensor.of(Grouped.matrix(format, rows, cols, bits, group.groupSize(), groupOf,
                    bytes, () -> new QuantizedMatrix.Parts(code, codes, scales.numbers, Optional.empty(), 1)))
                    : coded(format, rows, cols, scales, bytes, code, codes);
        }
        int groups = scales.numbers.cols();
        Tensor zeros = parts.whole(module + ".weight_zero_point", DType.I32,
                Math.ceilDiv(scales.numbers.rows(), perWord), groups);
        int scaleRows = scales.numbers.rows();
        Supplier<QuantizedMatrix.Parts> made = () -> new QuantizedMatrix.Parts(bits == 4 ? Code.U4 : Code.U8, codes,
                scales.numbers, Optional.of(Repack.zeros(zeros, scaleRows, groups, bits, true, false, 0)), 1);
        long all = bytes + zeros.sizeBytes();
        return PackedTensor.of(isOrdered
                ? Grouped.matrix(format, rows, cols, bits, group.groupSize(), groupOf, all, made)
                : new QuantizedMatrix(format, rows, cols, scales.grouping, all, made));
    }

    /// The number of inputs, from the tensor with the weight's shape.
    private static int cols(String name, int rows, Parts parts) throws CheckpointException {
        Tensor shape = parts.tensor(name);
        if (shape.dtype() != DType.I64 && shape.dtype() != DType.I32 || !shape.is(2)) {
            throw parts.error(name, "found " + shape + ", expected two integers");
        }
        int step = shape.dtype().blockBytes();
        long outputs = Memory.i32(shape.address());
        int inputs = Memory.i32(shape.address() + step);
        boolean fits = step == 4 || Memory.i32(shape.address() + 4) == 0 && Memory.i32(shape.address() + 12) == 0;
        if (outputs != rows || inputs < 1 || !fits) {
            throw parts.error(name, "says " + outputs + " outputs and " + inputs + " inputs, the codes have " + rows
                    + " rows");
        }
        return inputs;
    }

    private static PackedTensor plain(String name, String module, Group group, Parts parts)
            throws CheckpointException {
        Tensor codes = parts.codes(name, 2, DType.F8_E4M3, DType.I8);
        boolean isFloat = codes.dtype() == DType.F8_E4M3;
        if (isFloat != group.isFloat() || group.bits() != 8) {
            throw parts.error(name, "found " + codes + ", quantization_config says " + (group.isFloat() ? "floating "
                    + "point" : "integers") + " of " + group.bits() + " bits");
        }
        Scales scales = scales(module, group, codes.rows(), codes.cols(), parts);
        long bytes = codes.sizeBytes() + scales.numbers.sizeBytes();
        String format = (isFloat ? "FP8 E4M3" : "int8") + suffix(group);
        if (group.isSymmetric() || isFloat) {
            return coded(format, codes.rows(), codes.cols(), scales, bytes, isFloat ? Code.E4M3 : Code.I8, codes);
        }
        String zeroName = module + ".weight_zero_point";
        Tensor zeros = parts.tensor(zeroName);
        if (zeros.dtype() != DType.I8 || zeros.size() != scales.numbers.size() || zeros.rank() > 2) {
            throw parts.error(zeroName, "found " + zeros + ", expected I8 with scales " + scales.numbers);
        }
        return PackedTensor.of(new QuantizedMatrix(format, codes.rows(), codes.cols(), scales.grouping,
                bytes + zeros.sizeBytes(), () ->
                new QuantizedMatrix.Parts(Code.I8, codes, scales.numbers, Optional.of(zeros), 1)));
    }

    private static PackedTensor fours(String name, String module, Group group, Parts parts)
            throws CheckpointException {
        Tensor codes = parts.codes(name, 2, DType.U8);
        int cols = Math.multiplyExact(2, codes.cols());
        boolean isMx = group.format().startsWith("mx");
        int size = isMx ? 32 : group.groupSize() < 1 ? 16 : group.groupSize();
        Tensor stored = parts.real(module + ".weight_scale");
        parts.scales(module + ".weight_scale", codes.rows(), Math.ceilDiv(cols, size));
        float divisor = 1;
        if (!isMx) {
            Tensor global = parts.tensor(module + ".weight_global_scale");
            if (global.dtype() != DType.F32 || global.size() != 1 || global.rank() > 1) {
                throw parts.error(module + ".weight_global_scale", "found " + global + ", expected one F32 number");
            }
            divisor = Memory.f32(global.address());
        }
        float by = divisor;
        return PackedTensor.of(new QuantizedMatrix(isMx ? "MXFP4" : "NVFP4", codes.rows(), cols,
                new Grouping.Blocks(1, size), codes.sizeBytes() + stored.sizeBytes(), () ->
                new QuantizedMatrix.Parts(Code.E2M1, codes, stored, Optional.empty(), by)));
    }

    private static PackedTensor coded(String format, int rows, int cols, Scales scales, long bytes, Code code,
            Tensor codes) {
        return PackedTensor.of(new QuantizedMatrix(format, rows, cols, scales.grouping, bytes, () ->
                new QuantizedMatrix.Parts(code, codes, scales.numbers, Optional.empty(), 1)));
    }

    /// @param numbers one row per block of rows
    private record Scales(Tensor numbers, Grouping grouping) { }

    private static Scales scales(String module, Group group, int rows, int cols, Parts parts)
            throws CheckpointException {
        String name = module + ".weight_scale";
        Tensor t = parts.real(name);
        return switch (group.strategy()) {
            case TENSOR -> {
                if (t.size() != 1 || t.rank() > 2) {
                    throw parts.error(name, "found " + t + ", expected one scale");
                }
                yield new Scales(t.reshape(1, 1), new Grouping.Blocks(rows, cols));
            }
            case CHANNEL -> {
                if (!t.is(rows) && !t.is(rows, 1)) {
                    throw parts.error(name, "found " + t + ", expected a scale for each of " + rows + " outputs");
                }
                yield new Scales(t.reshape(rows, 1), new Grouping.Blocks(1, cols));
            }
            case GROUP, TENSOR_GROUP -> {
                int size = group.groupSize();
                int groups = Math.ceilDiv(cols, size);
                parts.scales(name, rows, groups);
                yield new Scales(t, new Grouping.Blocks(1, size));
            }
            case BLOCK -> {
                int[] b = group.block();
                parts.scales(name, Math.ceilDiv(rows, b[0]), Math.ceilDiv(cols, b[1]));
                yield new Scales(t, new Grouping.Blocks(b[0], b[1]));
            }
        };
    }

    private static String suffix(Group group) {
        return switch (group.strategy()) {
            case TENSOR -> "";
            case CHANNEL -> " by rows";
            case GROUP, TENSOR_GROUP -> " g" + group.groupSize();
            case BLOCK -> " " + group.block()[0] + "×" + group.block()[1];
        };
    }

    @Override
    public boolean isOfActivations(String name) {
        return OF_ACTIVATIONS.stream().anyMatch(name::endsWith);
    }
}
