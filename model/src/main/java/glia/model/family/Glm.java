package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ByType;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.JoinedGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.Fused;
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
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.Optional;

/// GLM-4 9B and GLM-4-0414 (https://arxiv.org/abs/2406.12793): RoPE of neighboring pairs in half of each head, biases
/// of queries, keys and values, gate and up in one matrix; `glm4` and the text model of GLM-4.1V have norms before and
/// after each mixer. Checked against `GlmForCausalLM`, `Glm4ForCausalLM` and `Glm4vForConditionalGeneration`.
final class Glm implements Family {
    private static final String SECTIONS = "rope.dimension_sections";

    @Override
    public List<String> modelTypes() {
        return List.of("glm", "glm4", "glm4v_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        String type = config.text("model_type");
        boolean ofPictures = type.equals("glm4v_text");
        int headSize = AttentionConfig.headSize(config, ofPictures ? 0 : 128);
        Attention attention = AttentionConfig.causal(config, 2, headSize,
                RopeConfig.read(config, headSize, 10_000, ofPictures ? 1 : 0.5).with(Layout.INTERLEAVED),
                ofPictures || config.flag("attention_bias", true) ? Bias.INPUTS : Bias.NONE);
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", ofPictures ? 1e-5 : 1.5625e-7), 0);
        Norm after = type.equals("glm") ? new Norm.None() : norm;
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        List<Sublayer> sublayers = Standard.layers(Numbers.layers(config, "num_hidden_layers"), norm, after,
                Residual.PLAIN, layer -> attention, layer -> mlp);
        Embedding embedding = ofPictures ? Padding.read(config, Embedding.PLAIN)
                : Padding.read(config, Embedding.PLAIN, 151_329);
        return Standard.model(config, ofPictures ? 32_768 : 131_072, embedding, sublayers, norm,
                Standard.head(config, false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        Source source = p.sublayer() >= 0 && !(spec.sublayer(p).after() instanceof Norm.None)
                ? StandardNames.source(spec, p, "post_attention_layernorm", "post_self_attn_layernorm",
                        "pre_feedforward_layernorm", "post_attention_layernorm", "post_feedforward_layernorm",
                        "post_mlp_layernorm") : StandardNames.source(spec, p);
        return Fused.gateUp(spec, p, source);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ByType(List.of("glm", "glm4", "glm4v_text"), List.of(form("chatglm", "glm",
                StandardGguf.Rotation.INTERLEAVED), form("glm4", "glm4", StandardGguf.Rotation.INTERLEAVED),
                form("glm4", "glm4v_text", StandardGguf.Rotation.HALF_SPLIT))));
    }

    /// Files with sections are those of GLM-4.1V, whose readers rotate halves of heads.
    private static JoinedGguf form(String architecture, String type, StandardGguf.Rotation rotation) {
        GgufKey sections = GgufKey.written(SECTIONS, facts -> facts.attention().map(Attention::rope)
                .filter(rope -> rope instanceof Rope.Rotary && facts.spec().modelType().equals("glm4v_text"))
                .map(rope -> new int[] {((Rope.Rotary) rope).rotatedSize() / 2, 0, 0, 0}));
        return new JoinedGguf(new ExpertGguf(new StandardGguf(architecture, type, rotation), ExpertGguf.FFN_NORM,
                List.of(sections), (keys, checkpoint) -> keys
                        .put("model_type", keys.has(SECTIONS) ? "glm4v_text" : type)
                        .put("attention_bias", StandardGguf.hasQueryBias(checkpoint))), false, true);
    }
}
