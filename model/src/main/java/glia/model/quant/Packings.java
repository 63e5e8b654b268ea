package glia.model.quant;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Reads the layout of quantized weights from a config.
public final class Packings {
    private static final String KEY = "quantization_config";
    private static final String OTHER_KEY = "compression_config";
    private static final String KNOWN = "fp8, mxfp4, gptq, awq, compressed-tensors, bitsandbytes, bitnet, hqq, aqlm "
            + "and exl3";

    /// Families whose matrices are stored `[inputs, outputs]`.
    private static final Set<String> TRANSPOSED = Set.of("gpt2", "openai-gpt");

    private Packings() { }

    /// The layout; empty if the checkpoint is not quantized.
    static Optional<Packing> of(Config config) throws CheckpointException {
        Config text = config.isObject("text_config") ? config.child("text_config") : config;
        for (Config holder : new Config[] {config, text}) {
            if (holder.has(KEY)) {
                return Optional.of(of(holder, holder.child(KEY)));
            }
            if (holder.has(OTHER_KEY)) {
                return Optional.of(new CompressedTensors(CompressedScheme.read(holder.child(OTHER_KEY))));
            }
        }
        return Optional.empty();
    }

    /// A copy of a config without its quantization keys.
    public static Config without(Config config) {
        return config.without(KEY).without(OTHER_KEY).without("text_config", KEY).without("text_config", OTHER_KEY);
    }

    private static Packing of(Config holder, Config q) throws CheckpointException {
        if (!q.has("quant_method") && (q.flag("load_in_8bit", false) || q.flag("load_in_4bit", false))) {
            return bitsAndBytes(holder);
        }
        String method = q.text("quant_method");
        return switch (method) {
            case "fp8" -> Fp8.of(q);
            case "mxfp4" -> new Mxfp4();
            case "gptq" -> Gptq.of(q);
            case "awq" -> Awq.of(q);
            case "compressed-tensors", "compressed_tensors" -> new CompressedTensors(CompressedScheme.read(q));
            case "bitsandbytes", "bitsandbytes_4bit", "bitsandbytes_8bit" -> bitsAndBytes(holder);
            case "bitnet" -> Ternary.of(q);
            case "hqq" -> new Hqq();
            case "aqlm" -> new Aqlm();
            case "exl3" -> new Exl3();
            default -> throw refused(holder, method);
        };
    }

    private static BitsAndBytes bitsAndBytes(Config holder) throws CheckpointException {
        return new BitsAndBytes(TRANSPOSED.contains(holder.text("model_type", "")));
    }

    private static CheckpointException refused(Config holder, String method) {
        return holder.error(KEY, "the weights are quantized with " + method + ", which is not supported; known are "
                + KNOWN + ". Get the unquantized weights, one of these forms, or a GGUF file of the model");
    }

    /// A checkpoint layout of quantized weights.
    interface Packing {
        /// The name of the weight whose codes the tensor `name` holds; empty if it holds none.
        Optional<String> weight(String name, Parts parts) throws CheckpointException;

        /// The weight whose codes the tensor `name` holds.
        ///
        /// @throws CheckpointException if parts are missing or do not fit
        PackedTensor read(String name, Parts parts) throws CheckpointException;

        /// Whether a tensor holds scales of activations or of a KV cache, which are not used.
        default boolean isOfActivations(String name) {
            return false;
        }
    }

    /// AWQ (https://arxiv.org/abs/2306.00978), 4 bits in the order of its GEMM kernel: `qweight` I32 `[K, R/8]`, packed
    /// along the outputs in the order 0, 2, 4, 6, 1, 3, 5, 7 from the low bits on; `qzeros` `[G, R/8]` in the same
    /// order,
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

    /// Experts as gpt-oss stores them: `…_blocks` U8 `[X,R,G,16]`, two E2M1 values per byte, the even one in the low
    /// half, and `…_scales` U8 `[X,R,G]`, a power of two per 32 values. The reference transposes the `[X,R,32·G]`
    /// values to
    /// `[X,32·G,R]`, the shape of the unquantized checkpoint, which families read.
    ///
    /// Source: https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf, and the
    /// checkpoints openai/gpt-oss-20b and -120b.
    record Mxfp4() implements Packings.Packing {
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

    /// GPTQ (https://arxiv.org/abs/2210.17323) with 4 or 8 bits: `qweight` I32 `[K·bits/32, R]`, packed along the
    /// inputs, low bits first; `qzeros` `[G, R·bits/32]`, `scales` `[G,R]`, `g_idx[k]` the group of each input. A
    /// weight is `scale · (code - (zero + 1))`; the format gptq_v2 stores zero points without the offset.
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
                    cols, bits, group, parts.has(order) ? Optional.of(parts.groups(order, cols, groups))
                    : Optional.empty(),
                    words.sizeBytes() + zeros.sizeBytes() + scales.sizeBytes(),
                    () -> transposed(words, zeros, scales, rows, groups)));
        }

        private QuantizedMatrix.Parts transposed(Tensor words, Tensor zeros, Tensor scales, int rows, int groups) {
            Tensor points = Repack.zeros(zeros, rows, groups, bits, false, false, zeroOffset);
            return QweightPacking.parts(bits, Repack.transposedWords(words), Repack.transposed(scales), points);
        }
    }

    /// FP8 weights with a scale for each block of 128 × 128, as in DeepSeek V3:
    /// `W[i,j] = code[i,j] · weight_scale_inv[i / 128, j / 128]`. Despite its name the scale is a multiplier. A single
    /// scale applies to the whole matrix.
    /// `activation_scale` is not used; activations stay F32.
    ///
    /// Source: DeepSeek V3's README_WEIGHTS (https://huggingface.co/deepseek-ai/DeepSeek-V3).
    ///
    /// @param blockRows rows of a block
    /// @param blockCols columns of a block
    record Fp8(int blockRows, int blockCols) implements Packings.Packing {
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
            return new PackedTensor(t.shape(), false, i ->
                    new QuantizedMatrix(format, rows, codes.cols(), grouping, bytes,
                    () -> new QuantizedMatrix.Parts(code, codes.rows(i * rows, (i + 1) * rows),
                            scales.rows(i * scaleRows, (i + 1) * scaleRows), Optional.empty(), 1)));
        }

        @Override
        public boolean isOfActivations(String name) {
            return name.endsWith("activation_scale") || name.endsWith(".input_scale");
        }
    }
}
