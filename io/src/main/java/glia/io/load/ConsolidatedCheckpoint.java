package glia.io.load;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.DisplayText;
import glia.io.file.TensorEntry;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Mistral's own form of a checkpoint, `consolidated.safetensors` with `params.json`, seen as the hub's: tensors have
/// the hub's names, and rows of queries and keys the hub's order. Mistral rotates neighbors (2i, 2i+1) of a head, the
/// hub rows i and i + headSize/2; the matrices are reordered, in copies.
///
/// Source: https://github.com/mistralai/mistral-inference, and convert_mistral_weights_to_hf.py of
/// https://github.com/huggingface/transformers
public final class ConsolidatedCheckpoint implements Checkpoint {
    /// The name of a single file.
    public static final String FILE_NAME = "consolidated.safetensors";
    /// The name of the index of several files.
    public static final String INDEX_NAME = "consolidated.safetensors.index.json";
    /// The name of the file that describes the model.
    public static final String PARAMS_NAME = "params.json";
    private static final String HEADS = "n_heads";
    private static final Map<String, String> GLOBAL = Map.of("tok_embeddings.weight", "model.embed_tokens.weight",
            "norm.weight", "model.norm.weight", "output.weight", "lm_head.weight");
    private static final Pattern IN_LAYER =
            Pattern.compile("layers\\.(\\d+)\\.(.+)\\.(weight|qscale_weight|qscale_act)");
    /// The ends of names: FP8 weights have one scale for a matrix and one for its inputs.
    private static final Map<String, String> ENDS = Map.of("weight", ".weight", "qscale_weight", ".weight_scale_inv",
            "qscale_act", ".activation_scale");
    private static final String FP8 = "fp8_e4m3";
    private static final Pattern EXPERT = Pattern.compile("(?:feed_forward\\.)?experts\\.(\\d+)\\.(w[123])");
    private static final Map<String, String> LAYER = Map.ofEntries(
            Map.entry("attention_norm", "input_layernorm"), Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("attention.wq", "self_attn.q_proj"), Map.entry("attention.wk", "self_attn.k_proj"),
            Map.entry("attention.wv", "self_attn.v_proj"), Map.entry("attention.wo", "self_attn.o_proj"),
            Map.entry("feed_forward.w1", "mlp.gate_proj"), Map.entry("feed_forward.w2", "mlp.down_proj"),
            Map.entry("feed_forward.w3", "mlp.up_proj"), Map.entry("gate", "block_sparse_moe.gate"),
            Map.entry("feed_forward.gate", "block_sparse_moe.gate"));
    /// Tensors of pictures; the text model runs.
    private static final List<String> OTHER_PARTS = List.of("vision_encoder.", "vision_language_adapter.",
            "patch_merger.", "pre_mm_projector_norm.");

    private final Path path;
    private final SafetensorsCheckpoint files;
    private final Config params;
    private final Map<String, String> stored = new LinkedHashMap<>();
    private final Map<String, Tensor> reordered = new ConcurrentHashMap<>();

    private ConsolidatedCheckpoint(Path path, SafetensorsCheckpoint files, Config params) {
        this.path = path;
        this.files = files;
        this.params = params;
    }

    /// Opens a file or an index with `params.json` beside it.
    ///
    /// @throws CheckpointException if a file violates its format, or a tensor has a name that is not known
    static ConsolidatedCheckpoint open(Path path) throws CheckpointException {
        Config params = Config.read(path.toAbsolutePath().resolveSibling(PARAMS_NAME));
        ConsolidatedCheckpoint checkpoint = new ConsolidatedCheckpoint(path, SafetensorsCheckpoint.open(path), params);
        try {
            for (String name : checkpoint.files.names()) {
                if (OTHER_PARTS.stream().noneMatch(name::startsWith)) {
                    checkpoint.stored.put(checkpoint.hubName(name), name);
                }
            }
            return checkpoint;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    /// The file or index of a folder with `params.json`, if it holds no weights in the hub's form.
    static Optional<Path> find(Path folder) {
        return Files.exists(folder.resolve(PARAMS_NAME)) ? List.of(FILE_NAME, INDEX_NAME).stream().map(folder::resolve)
                .filter(Files::exists).findFirst() : Optional.empty();
    }

    private String hubName(String name) throws CheckpointException {
        String global = GLOBAL.get(name);
        if (global != null) {
            return global;
        }
        Matcher layer = IN_LAYER.matcher(name);
        if (layer.matches()) {
            Matcher expert = EXPERT.matcher(layer.group(2));
            String inside = expert.matches() ? "block_sparse_moe.experts." + expert.group(1) + "." + expert.group(2)
                    : LAYER.get(layer.group(2));
            if (inside != null) {
                return "model.layers." + layer.group(1) + "." + inside + ENDS.get(layer.group(3));
            }
        }
        throw new CheckpointException(path, TensorEntry.where(DisplayText.escape(name)), "is not known in Mistral's "
                + "form, expected tensors of Mistral, Mixtral or Ministral; get the model in the hub's form "
                + "(config.json and model.safetensors)");
    }

    /// The model as config.json describes it.
    ///
    /// @throws CheckpointException if a key is missing or of another kind
    public Config config() throws CheckpointException {
        boolean hasExperts = params.isObject("moe");
        boolean isTempered = params.isObject("llama_4_scaling");
        Map<String, Object> config = new HashMap<>();
        config.put("model_type", hasExperts ? "mixtral" : isTempered ? "ministral3" : "mistral");
        config.put("hidden_size", params.positive("dim"));
        config.put("num_hidden_layers", params.positive("n_layers"));
        config.put("num_attention_heads", params.positive(HEADS));
        config.put("num_key_value_heads", params.integer("n_kv_heads", params.positive(HEADS)));
        config.put("head_dim", headSize());
        config.put("intermediate_size", params.positive("hidden_dim"));
        config.put("vocab_size", params.positive("vocab_size"));
        config.put("rms_norm_eps", params.real("norm_eps"));
        config.put("hidden_act", "silu");
        config.put("bos_token_id", 1);
        config.put("eos_token_id", 2);
        double theta = params.has("rope_theta") ? params.real("rope_theta") : 10_000;
        config.put("rope_theta", theta);
        config.put("max_position_embeddings", contextLength());
        config.put("sliding_window", params.has("sliding_window") ? params.positive("sliding_window") : null);
        config.put("tie_word_embeddings", params.flag("tied_embeddings", !stored.containsKey("lm_head.weight")));
        if (hasExperts) {
            Config experts = params.child("moe");
            config.put("num_local_experts", experts.positive("num_experts"));
            config.put("num_experts_per_tok", experts.positive("num_experts_per_tok"));
        }
        if (params.isObject("quantization")) {
            config.put("quantization_config", quantization(params.child("quantization")));
        }
        if (params.isObject("yarn")) {
            config.put("rope_parameters", yarn(theta, isTempered));
        } else if (isTempered) {
            throw params.error("yarn", "is missing beside llama_4_scaling");
        }
        return Config.of(path.resolveSibling(PARAMS_NAME), config);
    }

    private static Map<String, Object> quantization(Config own) throws CheckpointException {
        String format = own.text("qformat_weight");
        if (!format.equals(FP8)) {
            throw own.error("qformat_weight", "found \"" + format + "\", expected \"" + FP8 + "\"; get the model in "
                    + "the hub's form (config.json and model.safetensors)");
        }
        return Map.of("quant_method", "fp8");
    }

    private Map<String, Object> yarn(double theta, boolean isTempered) throws CheckpointException {
        Config yarn = params.child("yarn");
        Map<String, Object> rope = new HashMap<>(Map.of("rope_type", "yarn", "rope_theta", theta, "factor",
                yarn.real("factor"), "original_max_position_embeddings",
                yarn.positive("original_max_position_embeddings"), "beta_fast", yarn.real("beta"), "beta_slow",
                yarn.real("alpha"), "mscale", 1.0, "mscale_all_dim", 1.0));
        if (isTempered) {
            rope.put("llama_4_scaling_beta", params.child("llama_4_scaling").real("beta"));
        }
        return rope;
    }

    private int contextLength() throws CheckpointException {
        for (String key : List.of("max_position_embeddings", "max_seq_len", "model_max_length")) {
            if (params.has(key)) {
                return params.positive(key);
            }
        }
        return params.isObject("moe") || params.has("sliding_window") ? 32_768 : 131_072;
    }

    private int headSize() throws CheckpointException {
        return params.has("head_dim") ? params.positive("head_dim") : params.positive("dim") / params.positive(HEADS);
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(stored.keySet());
    }

    @Override
    public Tensor tensor(String name) throws CheckpointException {
        String own = stored.get(name);
        Tensor tensor = files.tensor(own == null ? name : own);
        if (own == null || !own.endsWith("attention.wq.weight") && !own.endsWith("attention.wk.weight")) {
            return tensor;
        }
        int size = headSize();
        if (tensor.rank() != 2 || tensor.rows() % size != 0 || size % 2 != 0) {
            throw new CheckpointException(path, TensorEntry.where(own), "found " + tensor + ", expected heads of "
                    + size + " rows");
        }
        return reordered.computeIfAbsent(name, _ -> halves(tensor, size));
    }

    /// Rows 0, 2, … of each head, then rows 1, 3, ….
    private static Tensor halves(Tensor w, int headSize) {
        Tensor copy = Tensor.allocate(Arena.ofAuto(), w.dtype(), w.shape());
        long bytes = w.rowBytes();
        for (int r = 0; r < w.rows(); r++) {
            int i = r % headSize;
            int from = r - i + (i < headSize / 2 ? 2 * i : 2 * i - headSize + 1);
            MemorySegment.copy(w.memory(), from * bytes, copy.memory(), r * bytes, bytes);
        }
        return copy;
    }

    @Override
    public long sizeBytes() {
        return files.sizeBytes();
    }

    @Override
    public List<Source> sources() {
        return files.sources();
    }

    @Override
    public void close() {
        reordered.clear();
        files.close();
    }
}
