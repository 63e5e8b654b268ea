package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention.Expansion;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF form of models with latent attention. Newer files have separate latent expansions for keys (transposed) and
/// values; older ones have one matrix, as on the hub.
///
/// @param architecture the value of `general.architecture`
/// @param modelType the family's `model_type`
public record LatentGguf(String architecture, String modelType) implements WrittenGguf {
    /// The `expert_gating_func` of sigmoid scores; 1, the default, is softmax.
    private static final long SIGMOID = 2;
    /// The factor of `mscale_all_dim` in GGUF files.
    private static final double LOG_MULTIPLIER = 0.1;
    private static final List<GgufKey> BODY = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            List.of(GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                    GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
                    GgufKey.real("rope.freq_base", "rope_theta", facts -> Optional.of(rope(facts).theta()))));
    /// In files with separate expansions, the key and value sizes are those of the cache row, with one head.
    static final List<GgufKey> SIZES = List.of(
            GgufKey.count("attention.head_count", "num_attention_heads", facts -> latent(facts).numHeads()),
            GgufKey.written("attention.head_count_kv", facts -> Optional.of(1)),
            GgufKey.written("attention.q_lora_rank", facts -> latent(facts).queries()
                    instanceof LatentAttention.Queries.LowRank low ? Optional.of(low.rank()) : Optional.empty()),
            GgufKey.count("attention.kv_lora_rank", "kv_lora_rank", facts -> latent(facts).latentSize()),
            GgufKey.written("attention.key_length", facts -> Optional.of(latent(facts).rowSize())),
            GgufKey.written("attention.value_length", facts -> Optional.of(latent(facts).latentSize())),
            GgufKey.written("attention.key_length_mla", facts -> Optional.of(latent(facts).querySize())),
            GgufKey.written("attention.value_length_mla", facts -> Optional.of(latent(facts).valueSize())),
            GgufKey.written("rope.dimension_count", facts -> Optional.of(latent(facts).sharedSize())),
            GgufKey.optional("attention.indexer.head_count", "index_n_heads",
                    facts -> indexer(facts).map(KeyChoice.Indexed::numHeads)),
            GgufKey.optional("attention.indexer.key_length", "index_head_dim",
                    facts -> indexer(facts).map(KeyChoice.Indexed::headSize)),
            GgufKey.optional("attention.indexer.top_k", "index_topk",
                    facts -> indexer(facts).map(KeyChoice.Indexed::count)));
    private static final String LOG_KEY = "rope.scaling.yarn_log_multiplier";
    private static final List<GgufKey> SCALING = GgufKey.join(RopeGguf.scaling(facts -> rope(facts).scaling()),
            List.of(GgufKey.written(LOG_KEY, facts -> rope(facts).scaling() instanceof RopeScaling.Yarn yarn
                    ? Optional.of((float) (LOG_MULTIPLIER * RopeGguf.scale(yarn.factor(), Math.sqrt(
                            latent(facts).scale() * Math.sqrt(latent(facts).querySize()))))) : Optional.empty())));


    static LatentAttention latent(GgufFacts facts) {
        return facts.first(LatentAttention.class).orElseThrow();
    }

    static Rope.Rotary rope(GgufFacts facts) {
        return (Rope.Rotary) latent(facts).rope();
    }

    private static Optional<KeyChoice.Indexed> indexer(GgufFacts facts) {
        return latent(facts).keys().indexer();
    }

    private StandardGguf body() {
        return new StandardGguf(architecture, modelType, StandardGguf.Rotation.HALF_SPLIT);
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(SIZES, BODY, ExpertGguf.KEYS, ExpertGguf.WEIGHTS, ExpertGguf.GROUPS, ExpertGguf.DENSE,
                ExpertGguf.SHARED, List.of(ExpertGguf.GATING), SCALING);
    }

    @Override
    public ModelSpec written(ModelSpec spec) {
        return spec.mapMixers(m -> m instanceof LatentAttention a ? a.withExpansion(Expansion.SPLIT) : m);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = ExpertGguf.experts(new GgufKeys(metadata, architecture, modelType).copy(BODY).copy(SIZES));
        long rotated = keys.integer("rope.dimension_count");
        long keySize = keys.integer(keys.has("attention.key_length_mla") ? "attention.key_length_mla"
                : "attention.key_length");
        keys.put("qk_rope_head_dim", rotated)
                .put("qk_nope_head_dim", keySize - rotated)
                .integer(keys.has("attention.value_length_mla") ? "attention.value_length_mla"
                        : "attention.value_length", "v_head_dim")
                .put("q_lora_rank", keys.has("attention.q_lora_rank") ? keys.integer("attention.q_lora_rank") : null)
                .vocabulary(checkpoint)
                .put("attention_bias", checkpoint.names().contains("blk.0.attn_output.bias"))
                .put("mlp_bias", checkpoint.names().contains("blk.0.ffn_down.bias"));
        experts(keys.dense(checkpoint), checkpoint);
        if (keys.has("attention.indexer.top_k")) {
            keys.put("indexer_types", indexers(keys, checkpoint));
        }
        scaling(keys.ropeScaling());
        return keys.config();
    }

    /// The layers with an indexer, by their tensors.
    private static List<String> indexers(GgufKeys keys, Checkpoint checkpoint) {
        List<String> types = new ArrayList<>();
        long numLayers = (long) keys.config().get("num_hidden_layers");
        for (int layer = 0; layer < numLayers; layer++) {
            types.add(checkpoint.names().contains("blk." + layer + ".indexer.attn_k.weight") ? "full" : "shared");
        }
        return types;
    }

    /// The routing method, which configs have as texts.
    private static void experts(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        boolean corrected = checkpoint.names().stream().anyMatch(name -> name.contains(".exp_probs_b"));
        // Files that do not state the scores are of DeepSeek V2, or of models whose choice is corrected.
        boolean sigmoid = keys.has("expert_gating_func") ? keys.integer("expert_gating_func") == SIGMOID : corrected;
        Map<String, Object> config = keys.config();
        config.putIfAbsent("n_group", 1);
        config.putIfAbsent("topk_group", 1);
        config.putIfAbsent("n_shared_experts", 0);
        config.putIfAbsent("routed_scaling_factor", 1.0);
        config.putIfAbsent("norm_topk_prob", false);
        boolean grouped = !config.get("n_group").equals(config.get("topk_group"));
        if (!sigmoid && !corrected) {
            keys.put("model_type", "deepseek_v2");
        }
        keys.put("scoring_func", sigmoid ? "sigmoid" : "softmax")
                .put("topk_method", corrected ? "noaux_tc" : grouped ? "group_limited_greedy" : "greedy");
    }

    /// YaRN with the factor of scores. GGUF has one factor for `mscale` and `mscale_all_dim`, which are equal in all
    /// published models.
    private static void scaling(GgufKeys keys) throws CheckpointException {
        if (keys.config().get("rope_scaling") instanceof Map<?, ?> declared) {
            Map<Object, Object> scaling = new HashMap<>(declared);
            double log = keys.has(LOG_KEY) ? keys.number(LOG_KEY) : 0;
            if (log != 0) {
                scaling.put("mscale", log / LOG_MULTIPLIER);
                scaling.put("mscale_all_dim", log / LOG_MULTIPLIER);
            } else {
                // Without a factor rotated vectors keep their length too.
                scaling.put("attention_factor", 1.0);
            }
            keys.put("rope_scaling", scaling);
        }
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        Expansion expansion = checkpoint.names().stream().anyMatch(n -> n.endsWith("attn_k_b.weight")) ? Expansion.SPLIT
                : Expansion.JOINED;
        return spec.mapMixers(m -> m instanceof LatentAttention a ? a.withExpansion(expansion) : m);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof LatentAttention a
                ? new Source.Stored("blk." + spec.sublayer(p).layer() + "." + inLayer(a, p))
                : body().source(spec, p);
    }

    private static String inLayer(LatentAttention attention, Parameter p) {
        boolean direct = attention.queries() instanceof LatentAttention.Queries.Direct;
        return switch (p.role()) {
            case BEFORE_WEIGHT -> "attn_norm.weight";
            case QUERY_LATENT -> "attn_q_a.weight";
            case QUERY_LATENT_BIAS -> "attn_q_a.bias";
            case QUERY_LATENT_NORM -> "attn_q_a_norm.weight";
            case QUERY -> direct ? "attn_q.weight" : "attn_q_b.weight";
            case LATENT -> "attn_kv_a_mqa.weight";
            case LATENT_BIAS -> "attn_kv_a_mqa.bias";
            case LATENT_NORM -> "attn_kv_a_norm.weight";
            case GATE -> "attn_gate.weight";
            case EXPANSION -> "attn_kv_b.weight";
            case KEY_EXPANSION -> "attn_k_b.weight";
            case VALUE_EXPANSION -> "attn_v_b.weight";
            case OUTPUT -> "attn_output.weight";
            case OUTPUT_BIAS -> "attn_output.bias";
            case INDEX_QUERY -> "indexer.attn_q_b.weight";
            case INDEX_KEY -> "indexer.attn_k.weight";
            case INDEX_KEY_NORM_WEIGHT -> "indexer.k_norm.weight";
            case INDEX_KEY_NORM_BIAS -> "indexer.k_norm.bias";
            case INDEX_WEIGHTS -> "indexer.proj.weight";
            case INDEX_GATE -> "indexer_compressor_gate.weight";
            case INDEX_POSITIONS -> "indexer_compressor_ape.weight";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// Multi-token-prediction layers are not read from GGUF files.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }
}
