package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Trinity (Arcee, 2025): norms before and after each mixer, normed heads, gated attention outputs, sliding windows
/// with RoPE in three of four layers and full attention without RoPE in the others; dense layers, then experts routed
/// by corrected sigmoid scores. Checked against the class `AfmoeForCausalLM`.
final class Afmoe implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("afmoe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.Heads(norm))
                .with(Attention.Gating.PROJECTED);
        int period = config.positive("global_attn_every_n_layers", 4);
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % period != 0);
        Attention sliding = attention.with(new Span.Sliding(config.positive("sliding_window", 1024)));
        Attention full = attention.with(new Rope.None());
        Config named = config.orElse("first_k_dense_replace", "num_dense_layers")
                .orElse("n_shared_experts", "num_shared_experts").orElse("routed_scaling_factor", "route_scale");
        Standard.FeedForwards experts = new LatentExperts(1, 64, 2, 1408, 1, 1, LatentExperts.Method.NOAUX_TC, true, 1)
                .read(named.has("num_experts_per_tok") ? named : named.with("num_experts_per_tok", 6));
        double scale = config.flag("mup_enabled", false) ? Math.sqrt(config.positive("hidden_size")) : 1;
        return Standard.model(config, 16_384, Padding.read(config, Embedding.scaled(scale)),
                Standard.layers(slides.length, norm, norm, Residual.PLAIN, layer -> slides[layer] ? sliding : full,
                        experts), norm, Standard.head(config, false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.CORRECTED_ROUTER).renamed(name -> List.of(name
                .replace("pre_feedforward_layernorm", "pre_mlp_layernorm")
                .replace("post_feedforward_layernorm", "post_mlp_layernorm")
                .replace("router.gate.e_score_correction_bias", "expert_bias")));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("afmoe", "afmoe", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, GgufKey.join(ExpertGguf.WEIGHTS, ExpertGguf.SHARED, ExpertGguf.DENSE,
                        List.of(ExpertGguf.GATING)), (keys, checkpoint) -> keys.put("mup_enabled", true)
                        .rename("first_k_dense_replace", "num_dense_layers")
                        .rename("n_shared_experts", "num_shared_experts")
                        .rename("routed_scaling_factor", "route_scale")));
    }
}
