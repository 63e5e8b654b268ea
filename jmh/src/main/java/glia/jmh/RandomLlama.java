package glia.jmh;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/// Writes a Llama with random weights as GGUF, to time engines on the same file: random weights run as fast as trained
/// ones. The same arguments give the same file on every machine.
///
///     RandomLlama OUT.gguf [--type q8_0] [--shape 1.1b]
///
/// Shapes with experts are read as Mixtral.
///
/// Types are those of `Encode`. As in llama.cpp's quantizer, the head of a file of fewer than 6 bits a weight is Q6_K,
/// or Q8_0 if rows do not fill Q6_K's blocks; vectors are F32.
public final class RandomLlama {
    private static final long SEED = 1;
    private static final float DEVIATION = 0.02f;
    private static final int CONTEXT = 32_768;

    /// The sizes of a Llama.
    ///
    /// @param width the hidden size
    /// @param mlpWidth the width of an MLP, or of an expert
    /// @param numExperts 0 for one MLP a layer
    /// @param numChosen the number of experts a token
    record Shape(int numLayers, int width, int mlpWidth, int numHeads, int numKeyValueHeads, int vocabSize,
            int numExperts, int numChosen) {
        static final Map<String, Shape> BY_NAME = Map.of(
                "1.1b", new Shape(22, 2048, 5632, 32, 4, 32_000, 0, 0),
                "135m", new Shape(30, 576, 1536, 9, 3, 49_152, 0, 0),
                "tiny", new Shape(3, 256, 512, 4, 2, 1000, 0, 0),
                "experts", new Shape(6, 2048, 1024, 32, 4, 32_000, 64, 8),
                "tiny-experts", new Shape(3, 256, 128, 4, 2, 1000, 16, 4));

        int headSize() {
            return width / numHeads;
        }
    }

    private final Shape shape;
    private final DType type;
    private final Arena arena;
    private final Workers workers;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private RandomLlama(Shape shape, DType type, Arena arena, Workers workers) {
        this.shape = shape;
        this.type = type;
        this.arena = arena;
        this.workers = workers;
    }

    /// @param args see the class
    public static void main(String[] args) throws CheckpointException {
        if (args.length % 2 == 0 || args[0].startsWith("-")) {
            throw new IllegalArgumentException("usage: RandomLlama OUT.gguf [--type TYPE] [--shape "
                    + String.join("|", Shape.BY_NAME.keySet().stream().sorted().toList()) + "]");
        }
        String type = "q8_0";
        String shape = "1.1b";
        for (int i = 1; i < args.length; i += 2) {
            switch (args[i]) {
                case "--type" -> type = args[i + 1];
                case "--shape" -> shape = args[i + 1];
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        if (!Shape.BY_NAME.containsKey(shape)) {
            throw new IllegalArgumentException("unknown shape " + shape + "; known are " + Shape.BY_NAME.keySet());
        }
        write(Path.of(args[0]), Shape.BY_NAME.get(shape), DType.valueOf(type.toUpperCase(Locale.ROOT)));
    }

    /// Writes or replaces the file. The whole file is in native memory before it is written.
    ///
    /// @throws IllegalArgumentException if the type cannot be written or rows do not fill its blocks
    static void write(Path file, Shape shape, DType type) throws CheckpointException {
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(Runtime.getRuntime().availableProcessors())) {
            RandomLlama llama = new RandomLlama(shape, type, arena, workers);
            llama.fill();
            GgufWriter.write(file, GgufMetadata.of(file, llama.metadata()), llama.tensors);
        }
    }

    private void fill() {
        int keyValueSize = shape.numKeyValueHeads * shape.headSize();
        matrix("token_embd.weight", shape.vocabSize, shape.width, type);
        ones("output_norm.weight");
        matrix("output.weight", shape.vocabSize, shape.width, headType());
        for (int layer = 0; layer < shape.numLayers; layer++) {
            String block = "blk." + layer + ".";
            ones(block + "attn_norm.weight");
            ones(block + "ffn_norm.weight");
            matrix(block + "attn_q.weight", shape.width, shape.width, type);
            matrix(block + "attn_k.weight", keyValueSize, shape.width, type);
            matrix(block + "attn_v.weight", keyValueSize, shape.width, type);
            matrix(block + "attn_output.weight", shape.width, shape.width, type);
            if (shape.numExperts == 0) {
                matrix(block + "ffn_gate.weight", shape.mlpWidth, shape.width, type);
                matrix(block + "ffn_up.weight", shape.mlpWidth, shape.width, type);
                matrix(block + "ffn_down.weight", shape.width, shape.mlpWidth, type);
            } else {
                matrix(block + "ffn_gate_inp.weight", shape.numExperts, shape.width, DType.F32);
                experts(block + "ffn_gate_exps.weight", shape.mlpWidth, shape.width);
                experts(block + "ffn_up_exps.weight", shape.mlpWidth, shape.width);
                experts(block + "ffn_down_exps.weight", shape.width, shape.mlpWidth);
            }
        }
    }

    /// Writes the same map of all experts, consecutively.
    private void experts(String name, int rows, int cols) {
        matrix(name, shape.numExperts * rows, cols, type);
        tensors.put(name, tensors.get(name).reshape(shape.numExperts, rows, cols));
    }

    private DType headType() {
        DType sixBits = DType.Q6_K;
        boolean smaller = type.isQuantized() && (long) type.blockBytes() * sixBits.blockElements()
                < (long) sixBits.blockBytes() * type.blockElements();
        return !smaller ? type : shape.width % sixBits.blockElements() == 0 ? sixBits : DType.Q8_0;
    }

    private void ones(String name) {
        float[] values = new float[shape.width];
        Arrays.fill(values, 1);
        tensors.put(name, Tensor.of(arena, values, values.length));
    }

    /// Each row has its own generator, so that rows can be made in any order.
    private void matrix(String name, int rows, int cols, DType of) {
        if (cols % of.blockElements() != 0) {
            throw new IllegalArgumentException(name + " has rows of " + cols + ", which do not fill " + of
                    + "'s blocks of " + of.blockElements() + ": choose another type or shape");
        }
        Tensor tensor = Tensor.allocate(arena, of, rows, cols);
        long firstSeed = SEED + ((long) tensors.size() << Integer.SIZE);
        float[][] scratch = new float[workers.count()][cols];
        workers.run((row, worker) -> {
            SplittableRandom random = new SplittableRandom(firstSeed + row);
            float[] values = scratch[worker];
            for (int i = 0; i < cols; i++) {
                values[i] = (float) random.nextGaussian() * DEVIATION;
            }
            Encode.fromFloats(of, values, 0, cols, tensor.address() + row * tensor.rowBytes());
        }, rows);
        tensors.put(name, tensor);
    }

    private Map<String, Object> metadata() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("general.architecture", "llama");
        all.put("llama.context_length", CONTEXT);
        all.put("llama.embedding_length", shape.width);
        all.put("llama.block_count", shape.numLayers);
        all.put("llama.feed_forward_length", shape.mlpWidth);
        all.put("llama.attention.head_count", shape.numHeads);
        all.put("llama.attention.head_count_kv", shape.numKeyValueHeads);
        all.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        all.put("llama.rope.dimension_count", shape.headSize());
        all.put("llama.rope.freq_base", 10_000f);
        all.put("llama.vocab_size", shape.vocabSize);
        if (shape.numExperts > 0) {
            all.put("llama.expert_count", shape.numExperts);
            all.put("llama.expert_used_count", shape.numChosen);
        }
        vocabulary(all);
        return all;
    }

    /// Adds three special tokens, all bytes, and made-up words.
    private void vocabulary(Map<String, Object> all) {
        String[] tokens = new String[shape.vocabSize];
        int[] types = new int[shape.vocabSize];
        int special = 3;
        for (int i = 0; i < tokens.length; i++) {
            boolean isByte = i >= special && i < special + 256;
            tokens[i] = isByte ? String.format(Locale.ROOT, "<0x%02X>", i - special) : "tok" + (i - special - 256);
            types[i] = isByte ? 6 : 1;
        }
        System.arraycopy(new String[] {"<unk>", "<s>", "</s>"}, 0, tokens, 0, special);
        System.arraycopy(new int[] {2, 3, 3}, 0, types, 0, special);
        all.put("tokenizer.ggml.model", "llama");
        all.put("tokenizer.ggml.tokens", tokens);
        all.put("tokenizer.ggml.scores", new float[shape.vocabSize]);
        all.put("tokenizer.ggml.token_type", types);
        all.put("tokenizer.ggml.bos_token_id", 1);
        all.put("tokenizer.ggml.eos_token_id", 2);
    }
}
