package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.LatentExperts.Method;
import glia.model.family.config.LayerList;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.MimoGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// MiMo-V2-Flash (https://arxiv.org/abs/2601.02780): five sliding-window layers, with sinks and twice the key-value
/// heads, to one full layer; value heads smaller than key heads, times a factor; experts after a dense layer. Checked
/// against the class `MiMoV2FlashForCausalLM`. Multi-token-prediction layers are ignored.
final class MiMoV2Flash implements Family {
    private static final double ROTATED = 0.334;

    @Override
    public List<String> modelTypes() {
        return List.of("mimo_v2_flash");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        // All but the first and every sixth, or those that are not 0 in what published files have.
        boolean[] slides = LayerTypes.read(config, config.has("hybrid_layer_pattern")
                ? LayerList.numbers(config, "hybrid_layer_pattern") : layer -> layer > 0 && (layer + 1) % 6 != 0);
        Attention full = attention(config, false);
        Attention sliding = attention(config, true).with(new Scores.Sinks()).with(new Span.Sliding(
                config.has("sliding_window_size") ? config.positive("sliding_window_size") + 1
                        : config.positive("sliding_window", 129)));
        // Values are multiplied by a factor, which has the same effect on the output, since it has no bias.
        float scale = (float) (config.isNull("attention_value_scale") ? 1
                : Numbers.real(config, "attention_value_scale", NumberRange.FACTOR, 0.707));
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Standard.FeedForwards experts =
                new LatentExperts(1, 256, 0, 2048, 1, 1, Method.NOAUX_TC, true, 1)
                        .read(config.without("n_shared_experts"));
        return Standard.spec(config, 131_072, false, norm, layer -> slides[layer] ? sliding : full, experts)
                .mapSublayers(s -> s.mixer() instanceof Attention ? s.with(new Residual.Add(scale)) : s);
    }

    private static Attention attention(Config config, boolean slides) throws CheckpointException {
        int headSize = config.positive("head_dim", 192);
        int heads = config.positive("num_key_value_heads", 4);
        if (slides) {
            heads = Math.multiplyExact(2, heads);
            if (config.has("swa_num_key_value_heads") && config.positive("swa_num_key_value_heads") != heads) {
                throw config.error("swa_num_key_value_heads", "found " + config.positive("swa_num_key_value_heads")
                        + ", expected " + heads + ", twice num_key_value_heads");
            }
        }
        double theta = Numbers.real(config, slides ? "swa_rope_theta" : "rope_theta", NumberRange.ROPE_THETA,
                slides ? 10_000 : 5_000_000);
        Optional<Config> own = RopeConfig.ofKind(config, slides);
        Config parameters = own.isPresent() ? own.get() : Config.of(config.origin(), Map.of());
        Rope rope = RopeConfig.read(config, parameters, headSize, theta, own.isPresent() ? 1 : ROTATED);
        return Attention.causal(config.positive("num_attention_heads"), heads, headSize, rope,
                config.flag("attention_bias", false) ? Bias.INPUTS : Bias.NONE)
                .withValueSize(config.positive("v_head_dim", 128));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "self_attn.sinks", "self_attn.attention_sink_bias");
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName) || tensorName.startsWith("model.mtp.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new MimoGguf());
    }
}
