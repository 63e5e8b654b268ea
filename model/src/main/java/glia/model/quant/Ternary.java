package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.TensorEntry;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// BitNet (https://arxiv.org/abs/2402.17764): weights -1, 0 and 1 with a scale for the matrix, and activations rounded
/// to 8 bits with a scale for each token. Stored as `weight` U8 `[R/4, K]` and `weight_scale` of one number: bits 2i
/// and 2i + 1 of row r are the weight of row `i · R/4 + r`, plus 1. The linear class `autobitlinear` multiplies by the
/// scale, `bitlinear` divides by it. With `quantization_mode` `online` weights are real numbers, rounded when they are
/// read: the scale is their mean magnitude.
///
/// @param divides whether the scale is a divisor
/// @param skipped modules that are not quantized
record Ternary(boolean divides, boolean isOnline, List<String> skipped) implements Packings.Packing {
    private static final String WEIGHT = ".weight";
    private static final String FORMAT = "BitNet";
    private static final int BLOCK = 128;
    /// Below it a mean magnitude counts as this.
    private static final double LEAST = 1e-5;

    static Ternary of(Config q) throws CheckpointException {
        String linear = q.text("linear_class", "bitlinear");
        String mode = q.text("quantization_mode", "offline");
        if (!List.of("bitlinear", "autobitlinear").contains(linear)) {
            throw q.error("linear_class", "found \"" + linear + "\", expected \"bitlinear\" or \"autobitlinear\"");
        }
        if (!List.of("offline", "online").contains(mode)) {
            throw q.error("quantization_mode", "found \"" + mode + "\", expected \"offline\" or \"online\"");
        }
        if (q.flag("use_rms_norm", false)) {
            throw q.error("use_rms_norm", "norms before each linear layer are not supported");
        }
        boolean isAuto = linear.equals("autobitlinear");
        return new Ternary(!isAuto, isAuto && mode.equals("online"),
                q.has("modules_to_not_convert") ? List.of(q.strings("modules_to_not_convert")) : List.of("lm_head"));
    }

    @Override
    public Optional<String> weight(String name, Parts parts) throws CheckpointException {
        Tensor t = parts.peek(name);
        boolean isWeight = name.endsWith(WEIGHT) && t.rank() == 2;
        boolean isChosen = isOnline ? t.dtype().isReal() && isLinear(module(name)) : t.dtype() == DType.U8;
        return isWeight && isChosen ? Optional.of(name) : Optional.empty();
    }

    private boolean isLinear(String module) {
        return !module.contains("embed") && skipped.stream().noneMatch(s -> module.equals(s)
                || module.startsWith(s + ".") || module.endsWith("." + s) || module.contains("." + s + "."));
    }

    private static String module(String name) {
        return name.substring(0, name.length() - WEIGHT.length());
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        return PackedTensor.of(isOnline ? online(parts.tensor(name)) : stored(name, parts));
    }

    private QuantizedMatrix stored(String name, Parts parts) throws CheckpointException {
        Tensor words = parts.codes(name, 2, DType.U8);
        int rows = Math.multiplyExact(words.rows(), 4);
        int cols = words.cols();
        String key = module(name) + ".weight_scale";
        float scale = parts.floats(key, 1)[0];
        if (!(Math.abs(scale) > 0 && Float.isFinite(scale))) {
            throw parts.error(key, "found " + scale + ", expected a scale");
        }
        return new QuantizedMatrix(FORMAT, rows, cols, new Grouping.Blocks(rows, cols), words.sizeBytes(),
                () -> parts(Repack.codes(2, rows, cols, i -> Memory.u8(words.address() + i % words.size())
                >> 2 * (i / words.size()) & 3), divides ? 1 / scale : scale));
    }

    /// bitnet.cpp's I2_S in a GGUF file: bits 6, 4, 2 and 0 on of byte j of 32 are weights j, j + 32, j + 64 and
    /// j + 96, plus 1, of 128; the scale follows the matrix. (https://github.com/microsoft/BitNet, `quantize_to_i2_s`)
    static PackedTensor blocks(Path path, String name, Tensor words) throws CheckpointException {
        int rows = words.rows();
        int cols = Math.multiplyExact(words.cols(), 4);
        float scale = Memory.f32(words.address() + words.sizeBytes());
        if (words.rank() != 2 || !Float.isFinite(scale)) {
            throw new CheckpointException(path, TensorEntry.where(name), "found " + words + " with the scale " + scale
                    + ", expected a matrix and a finite scale");
        }
        return PackedTensor.of(new QuantizedMatrix(FORMAT, rows, cols, new Grouping.Blocks(rows, cols),
                words.sizeBytes(), () -> parts(Repack.codes(2, rows, cols, i -> Memory.u8(words.address()
                + i / BLOCK * 32 + i % 32) >> 6 - i % BLOCK / 32 * 2 & 3), scale)));
    }

    private static QuantizedMatrix online(Tensor w) {
        int rows = w.rows();
        int cols = w.cols();
        return new QuantizedMatrix(FORMAT, rows, cols, new Grouping.Blocks(rows, cols), w.sizeBytes(), () -> {
            float[] values = new float[Math.toIntExact(w.size())];
            Decode.toFloats(w, 0, values, 0, values.length);
            double sum = 0;
            for (float value : values) {
                sum += Math.abs(value);
            }
            float inverse = (float) (1 / Math.max(LEAST, sum / values.length));
            return parts(Repack.codes(2, rows, cols,
                    i -> (int) Math.clamp(Math.rint(values[(int) i] * inverse), -1, 1) + 1), 1 / inverse);
        });
    }

    private static QuantizedMatrix.Parts parts(Tensor codes, float scale) {
        Tensor scales = Tensor.of(Arena.ofAuto(), new float[] {scale}, 1, 1);
        return new QuantizedMatrix.Parts(Code.TERNARY, codes, scales, Optional.empty(), 1);
    }
}
