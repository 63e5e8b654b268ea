package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ByType;
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
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Command R and R7B (https://arxiv.org/abs/2504.00698): attention and MLP in parallel after one layer norm without
/// bias, RoPE of neighboring pairs, scaled logits. `cohere2` has sliding windows with RoPE in three of four layers and
/// full attention without RoPE in the others. Checked against `CohereForCausalLM` and `Cohere2ForCausalLM`.
final class Cohere implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("cohere", "cohere2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize,
                RopeConfig.read(config, headSize, 10_000).with(Layout.INTERLEAVED),
                Standard.bias(config, "attention_bias", false)).with(config.flag("use_qk_norm", false)
                        ? new QkNorm.HeadLayers(Standard.epsilon(config, "layer_norm_eps", 1e-5), false, false)
                        : new QkNorm.None());
        boolean isSecond = config.text("model_type").equals("cohere2");
        int period = config.positive("sliding_window_pattern", 4);
        boolean[] slides = LayerTypes.read(config, layer -> isSecond && (layer + 1) % period != 0);
        Attention sliding = isSecond ? attention.with(new Span.Sliding(config.positive("sliding_window", 4096)))
                : attention;
        Attention full = isSecond ? attention.with(new Rope.None()) : attention;
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        Norm norm = new Norm.UnbiasedLayer(Standard.epsilon(config, "layer_norm_eps", 1e-5));
        List<Sublayer> sublayers = Standard.parallelLayers(slides.length, norm,
                layer -> slides[layer] ? sliding : full, layer -> mlp);
        return Standard.model(config, 8192, Padding.read(config, Embedding.PLAIN, 0), sublayers, norm,
                Standard.head(config, true).with(Standard.logits(
                        Numbers.real(config, "logit_scale", NumberRange.FACTOR, 0.0625))));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return p.role() == Role.QUERY_NORM || p.role() == Role.KEY_NORM ? byHead(spec, p)
                : StandardNames.source(spec, p);
    }

    /// A norm of queries or keys, stored head by head.
    static Source byHead(ModelSpec spec, Parameter p) {
        Attention a = (Attention) spec.mixer(p.place());
        boolean ofQueries = p.role() == Role.QUERY_NORM || p.role() == Role.QUERY_NORM_BIAS;
        long heads = ofQueries ? a.numHeads() : a.numKeyValueHeads();
        return new Source.Shaped(StandardNames.source(spec, p), List.of(heads * a.headSize()),
                List.of(heads, (long) a.headSize()));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ByType(modelTypes(), List.of(form("command-r", "cohere"), form("cohere2", "cohere2"))));
    }

    private static ExpertGguf form(String architecture, String type) {
        return new ExpertGguf(new StandardGguf(architecture, type, StandardGguf.Rotation.INTERLEAVED),
                ExpertGguf.FFN_NORM, List.of(StandardGguf.LOGIT_SCALE),
                (keys, checkpoint) -> keys.copy(List.of(StandardGguf.LOGIT_SCALE))
                        .put("use_qk_norm", checkpoint.names().contains("blk.0.attn_q_norm.weight")));
    }
}
