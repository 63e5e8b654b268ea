package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
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
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.model.spec.Temperature;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Optional;

/// Llama 4 Scout and Maverick, text: layers with RoPE and chunked attention; every fourth layer has no RoPE, full
/// attention and a temperature by position; router weights multiply the experts' inputs. Checked against the class
/// `Llama4ForCausalLM` and https://github.com/meta-llama/llama-models.
final class Llama4 implements Family {
    private static final GgufKey STEP = GgufKey.optional("interleave_moe_layer_step", "interleave_moe_layer_step",
            facts -> Optional.of(facts.numDense() + 1));

    @Override
    public List<String> modelTypes() {
        return List.of("llama4_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        boolean[] rotates = LayerTypes.rotates(config);
        boolean[] chunked = LayerTypes.chunked(config, layer -> rotates[layer]);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        int headSize = AttentionConfig.headSize(config, config.mentions("head_dim") ? 0 : 128);
        Attention whole = AttentionConfig.causal(config, 8, headSize, new Rope.None(),
                Standard.bias(config, "attention_bias", false));
        Attention rotating = whole.with(RopeConfig.read(config, headSize, 500_000).with(Layout.INTERLEAVED)).with(
                config.flag("use_qk_norm", true) ? new QkNorm.Rotated(new Norm.UnitRms(epsilon)) : new QkNorm.None());
        Attention noRope = Standard.flagOrNumber(config, "attn_temperature_tuning", true) ? whole
                .with(new Temperature.Logarithmic(Numbers.real(config, "attn_scale", NumberRange.WEIGHT, 0.1),
                        config.positive("floor_scale", 8192), 1)) : whole;
        Span chunk = new Span.Chunked(config.positive("attention_chunk_size", 8192));
        Experts experts = experts(config);
        Mixer mlp = Standard.mlp(config, "intermediate_size_mlp", Bias.NONE);
        boolean[] mixes = LayerTypes.mixes(config);
        return Standard.spec(config, 131_072, false, epsilon,
                layer -> (rotates[layer] ? rotating : noRope).with(chunked[layer] ? chunk : new Span.Causal()),
                layer -> mixes[layer] ? experts : mlp);
    }

    private static Experts experts(Config config) throws CheckpointException {
        int width = config.positive("intermediate_size", 8192);
        return ExpertConfig.of(config, ExpertConfig.numExperts(config, 16), width,
                new MlpForm.Gated(Activations.read(config, "hidden_act", "silu")), Bias.NONE,
                Router.plain(config.positive("num_experts_per_tok", 1), Router.Score.SIGMOID, Router.Share.AS_IS),
                Weighting.INPUT, new Experts.Shared.Plain(width));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.of("feed_forward", "router", ExpertNames.Stack.INPUTS_FIRST));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("llama4", "llama4_text", StandardGguf.Rotation.INTERLEAVED), ExpertGguf.FFN_NORM,
                List.of(STEP), (keys, checkpoint) -> keys.copy(List.of(STEP))
                        .rename("intermediate_size", "intermediate_size_mlp")
                        .rename("moe_intermediate_size", "intermediate_size")
                        .put("use_qk_norm", keys.integer("expert_count") != 128)));
    }
}
