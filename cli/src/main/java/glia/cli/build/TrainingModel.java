package glia.cli.build;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// A small Llama with random weights in a GGUF file, for the training run of an AOT cache. It has the most common
/// quantized formats, a byte-level vocabulary with merges, and a chat template.
public final class TrainingModel {
    private static final int NUM_LAYERS = 2;
    private static final int WIDTH = 256;
    private static final int MLP_WIDTH = 512;
    private static final int KEY_VALUE_SIZE = 128;
    private static final int VOCAB_SIZE = 4096;
    private static final int NUM_HEADS = 4;
    private static final int NUM_KEY_VALUE_HEADS = 2;
    private static final float DEVIATION = 0.05f;
    private static final int CONTROL = 3;
    private static final String CHAT_TEMPLATE = "{% for message in messages %}{% if loop.first and messages[0]['role'] "
            + "!= 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}{% endif %}"
            + "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final SplittableRandom random = new SplittableRandom(1);
    private final Arena arena;

    private TrainingModel(Arena arena) {
        this.arena = arena;
    }

    /// Writes or replaces the file.
    public static void write(Path file) throws CheckpointException {
        try (Arena arena = Arena.ofConfined()) {
            TrainingModel model = new TrainingModel(arena);
            model.fill();
            GgufWriter.write(file, GgufMetadata.of(file, metadata()), model.tensors);
        }
    }

    private void fill() {
        matrix("token_embd.weight", VOCAB_SIZE, WIDTH, DType.Q8_0);
        ones("output_norm.weight");
        for (int layer = 0; layer < NUM_LAYERS; layer++) {
            boolean first = layer == 0;
            String block = "blk." + layer + ".";
            ones(block + "attn_norm.weight");
            ones(block + "ffn_norm.weight");
            matrix(block + "attn_q.weight", WIDTH, WIDTH, first ? DType.Q4_1 : DType.Q5_0);
            matrix(block + "attn_k.weight", KEY_VALUE_SIZE, WIDTH, first ? DType.Q4_1 : DType.Q8_0);
            matrix(block + "attn_v.weight", KEY_VALUE_SIZE, WIDTH, first ? DType.Q4_1 : DType.Q6_K);
            matrix(block + "attn_output.weight", WIDTH, WIDTH, first ? DType.Q4_1 : DType.Q4_K);
            matrix(block + "ffn_gate.weight", MLP_WIDTH, WIDTH, first ? DType.Q4_0 : DType.Q4_K);
            matrix(block + "ffn_up.weight", MLP_WIDTH, WIDTH, first ? DType.Q4_0 : DType.Q4_K);
            matrix(block + "ffn_down.weight", WIDTH, MLP_WIDTH, first ? DType.Q4_1 : DType.Q6_K);
        }
    }

    private void ones(String name) {
        float[] values = new float[WIDTH];
        Arrays.fill(values, 1);
        tensors.put(name, Tensor.of(arena, values, values.length));
    }

    private void matrix(String name, int rows, int cols, DType type) {
        Tensor tensor = Tensor.allocate(arena, type, rows, cols);
        float[] row = new float[cols];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < cols; i++) {
                row[i] = (float) (2 * random.nextDouble() - 1) * DEVIATION;
            }
            Encode.fromFloats(type, row, 0, cols, tensor.address() + r * tensor.rowBytes());
        }
        tensors.put(name, tensor);
    }

    private static Map<String, Object> metadata() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("general.architecture", "llama");
        all.put("llama.context_length", 2048);
        all.put("llama.embedding_length", WIDTH);
        all.put("llama.block_count", NUM_LAYERS);
        all.put("llama.feed_forward_length", MLP_WIDTH);
        all.put("llama.attention.head_count", NUM_HEADS);
        all.put("llama.attention.head_count_kv", NUM_KEY_VALUE_HEADS);
        all.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        all.put("llama.rope.dimension_count", WIDTH / NUM_HEADS);
        all.put("llama.rope.freq_base", 10_000f);
        all.put("llama.vocab_size", VOCAB_SIZE);
        vocabulary(all);
        all.put("tokenizer.chat_template", CHAT_TEMPLATE);
        return all;
    }

    /// Three special tokens, the characters of the 256 bytes, and pairs of the 94 visible ones.
    private static void vocabulary(Map<String, Object> all) {
        List<String> tokens = new ArrayList<>(List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>"));
        int[] types = new int[VOCAB_SIZE];
        Arrays.fill(types, 1);
        Arrays.fill(types, 0, tokens.size(), CONTROL);
        for (int b = 0, others = 256; b < 256; b++) {
            boolean isSeen = b > ' ' && b < 0x7f || b > 0xa0 && b != 0xad;
            tokens.add(Character.toString(isSeen ? b : others++));
        }
        List<String> merges = new ArrayList<>();
        for (int i = 0; tokens.size() < VOCAB_SIZE; i++) {
            String left = Character.toString('!' + i / 94);
            String right = Character.toString('!' + i % 94);
            merges.add(left + " " + right);
            tokens.add(left + right);
        }
        all.put("tokenizer.ggml.model", "gpt2");
        all.put("tokenizer.ggml.pre", "smollm");
        all.put("tokenizer.ggml.tokens", tokens.toArray(String[]::new));
        all.put("tokenizer.ggml.token_type", types);
        all.put("tokenizer.ggml.merges", merges.toArray(String[]::new));
        all.put("tokenizer.ggml.bos_token_id", 1);
        all.put("tokenizer.ggml.eos_token_id", 2);
        all.put("tokenizer.ggml.add_space_prefix", false);
    }
}
