package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import java.util.List;
import java.util.Optional;

/// StableLM 3B, 2 1.6B and 12B, Zephyr (https://arxiv.org/abs/2402.17834): layer norms with biases, RoPE in a quarter
/// of each head, gated MLP; in some sizes attention and MLP in parallel and a layer norm of each head. Checked against
/// the class `StableLmForCausalLM`.
final class StableLm implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("stablelm");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 32, headSize,
                RopeConfig.read(config, headSize, 10_000, 0.25),
                config.flag("use_qkv_bias", false) ? Bias.INPUTS : Bias.NONE).with(config.flag("qk_layernorm", false)
                        ? new QkNorm.HeadLayers(Standard.epsilon(config, "layer_norm_eps", 1e-5), true, false)
                        : new QkNorm.None());
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-5));
        int numLayers = Numbers.layers(config, "num_hidden_layers");
        List<Sublayer> sublayers = config.flag("use_parallel_residual", false)
                ? Standard.parallelLayers(numLayers, norm, layer -> attention, layer -> mlp)
                : Standard.layers(numLayers, norm, Residual.PLAIN, layer -> attention, layer -> mlp);
        return Standard.model(config, 4096, Padding.read(config, Embedding.PLAIN), sublayers, norm,
                Standard.head(config, false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return p.role() == Role.QUERY_NORM || p.role() == Role.KEY_NORM ? new Source.Stored("model.layers."
                + spec.sublayer(p).layer() + ".self_attn." + (p.role() == Role.QUERY_NORM ? "q" : "k")
                + "_layernorm.norms." + p.expert() + ".weight") : StandardNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("stablelm", "stablelm", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(StandardGguf.PARALLEL), (keys, checkpoint) -> keys.copy(List.of(StandardGguf.PARALLEL))
                        .put("use_qkv_bias", StandardGguf.hasQueryBias(checkpoint))
                        .put("qk_layernorm", checkpoint.names().contains("blk.0.attn_q_norm.weight"))));
    }
}
