package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.gguf.FusedGguf;
import glia.model.family.gguf.MptGguf;
import glia.model.family.hub.MptNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Scores;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// MPT (MosaicML, 2023): no biases at all, ALiBi, fused queries, keys and values. Checked against the class
/// `MptForCausalLM`, which ignores `alibi_bias_max`, `expansion_ratio` and `logit_scale`; here they are used, as in the
/// models' own code.
final class Mpt implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("mpt");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "d_model", "n_heads", "n_layers");
        if (!config.text("norm_type", "layernorm").endsWith("layernorm")) {
            throw config.error("norm_type", "only layer norms are supported");
        }
        Norm norm = new Norm.UnbiasedLayer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        Mixer attention = attention(config.child("attn_config", Map.of()), sizes);
        Mixer mlp = new Mlp(Math.multiplyExact(config.positive("expansion_ratio", 4), sizes.hidden()),
                Activation.GELU, Bias.NONE);
        return new ModelSpec("mpt", config.positive("vocab_size"), sizes.hidden(),
                config.positive("max_seq_len", 2048), Embedding.PLAIN,
                Standard.layers(sizes.numLayers(), norm, Residual.PLAIN, layer -> attention, layer -> mlp), norm,
                head(config, sizes.hidden()));
    }

    private static Mixer attention(Config config, GptSizes sizes) throws CheckpointException {
        if (!config.flag("alibi", true)) {
            throw config.error("alibi", "models with learned positions are not supported");
        }
        Standard.refuse(config, "prefix_lm", "qk_ln");
        Standard.only(config, "attn_type", "multihead_attention");
        Attention plain = sizes.attention(Bias.NONE);
        Attention attention = plain.withScale(Numbers.real(config, "softmax_scale", NumberRange.FACTOR, plain.scale()))
                .with(new Scores.Alibi((float) Numbers.real(config, "alibi_bias_max", NumberRange.FACTOR, 8)));
        return config.has("clip_qkv") && config.real("clip_qkv") != 0
                ? attention.with(new QkNorm.Clipped((float) Numbers.real(config, "clip_qkv", NumberRange.CAP)))
                : attention;
    }

    private static Head head(Config config, int hidden) throws CheckpointException {
        Head head = Standard.head(config, true);
        boolean bySize = config.isText("logit_scale");
        if (bySize) {
            Standard.only(config, "logit_scale", "inv_sqrt_d_model");
        }
        return head.with(Standard.logits(bySize ? 1 / Math.sqrt(hidden) : Numbers.factor(config, "logit_scale")));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return MptNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new FusedGguf("mpt", "mpt", MptGguf.KEYS, MptGguf::more));
    }
}
