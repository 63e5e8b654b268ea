package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.KeySharing;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.MistralLarge4Names;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.KeyChoice;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.SharedLatentAttention;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Mistral Large 4 (2026): latent attention with an indexer, latents that some layers take from earlier ones, learned
/// RoPE frequencies in three of four layers and no RoPE in the others, experts routed by softmax scores. Checked
/// against the class `MistralLarge4ForConditionalGeneration`, text alone.
final class MistralLarge4 implements Family {
    static final String TEXT = "mistral_large4_text";
    /// The default of `rope_parameters`.
    private static final Map<String, ?> ROPE = Map.of("rope_type", "yarn", "rope_theta", 1e4, "factor", 2048.0,
            "original_max_position_embeddings", 512, "attention_factor", 1.0);

    @Override
    public List<String> modelTypes() {
        return List.of(TEXT);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int heads = config.positive("num_attention_heads");
        int rotated = config.positive("qk_rope_head_dim", 64);
        int plain = config.positive("qk_nope_head_dim", 64);
        Rope.Rotary rope = RopeConfig.read(config.has("rope_parameters") || config.has("rope_scaling") ? config
                : config.with("rope_parameters", ROPE), rotated, 10_000).with(Layout.INTERLEAVED);
        if (rope.rotatedSize() != rotated) {
            throw config.error("partial_rotary_factor", "latent attention rotates all of qk_rope_head_dim");
        }
        KeyChoice indexed = new KeyChoice.Indexed(config.positive("index_n_heads", 32),
                config.positive("index_head_dim", 128), config.positive("index_topk", 2048), Layout.INTERLEAVED);
        boolean[] rotates = LayerTypes.rotates(config);
        boolean[] shares = GlmMoeDsa.shares(config);
        if (shares[0]) {
            throw config.error("indexer_types", "layer 0 shares the keys of an indexer before it, but there is none");
        }
        int[] sources = KeySharing.sources(config, rotates);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        int latent = config.positive("kv_lora_rank", 512);
        int value = config.positive("v_head_dim", 128);
        // Two sublayers a layer.
        Standard.Attentions attentions = layer -> new SharedLatentAttention(heads, latent,
                rotates[layer] ? plain : plain + rotated, value, (float) (1 / Math.sqrt(plain + rotated)),
                rotates[layer] ? rope : new Rope.None(), epsilon, Standard.bias(config, "attention_bias", false),
                shares[layer] ? new KeyChoice.AsBefore() : indexed,
                sources[layer] == layer ? Optional.empty() : Optional.of(Place.of(2 * sources[layer])));
        Config counted = config.without("norm_topk_prob");
        LatentExperts experts = new LatentExperts(1, 128, 1, 6144, 1, 1, LatentExperts.Method.SOFTMAX_BEST_TWO, true,
                1);
        Norm norm = new Norm.Rms(epsilon, 0);
        Head head = Standard.head(config, false).with(new Head.Logits.Capped((float) Numbers.real(config,
                "final_logit_softcapping", NumberRange.CAP, 30)));
        return Standard.model(config, 1 << 20, Padding.read(config, Embedding.PLAIN), Standard.layers(rotates.length,
                norm, Residual.PLAIN, attentions, experts.read(counted.has("num_experts_per_tok") ? counted
                        : counted.with("num_experts_per_tok", 4))), norm, head);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return MistralLarge4Names.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.startsWith("mtp_dspark.");
    }
}
