package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
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
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import java.util.List;
import java.util.Optional;

/// GPT-NeoX 20B and Pythia (https://arxiv.org/abs/2204.06745): attention and MLP in parallel, each after its layer
/// norm, RoPE in a part of each head, queries, keys and values fused by head. Checked against the class
/// `GPTNeoXForCausalLM`.
final class GptNeoX implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gpt_neox");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config named = config.orElse("partial_rotary_factor", "rotary_pct").orElse("rope_theta", "rotary_emb_base");
        int headSize = AttentionConfig.headSize(named, 0);
        Attention attention = AttentionConfig.causal(named, headSize,
                RopeConfig.read(named, headSize, 10_000, 0.25), Standard.bias(config, "attention_bias", true));
        Mixer mlp = new Mlp(config.positive("intermediate_size"), Activations.read(config, "hidden_act", "gelu"),
                Bias.ALL);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-5));
        int numLayers = Numbers.layers(config, "num_hidden_layers");
        List<Sublayer> sublayers = config.flag("use_parallel_residual", true)
                ? Standard.parallelLayers(numLayers, new Norm.None(), norm, layer -> attention, layer -> mlp)
                : Standard.layers(numLayers, norm, Residual.PLAIN, layer -> attention, layer -> mlp);
        return Standard.model(config, 2048, Embedding.PLAIN, sublayers, norm, Standard.head(config, false));
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.endsWith(".attention.bias") || tensorName.endsWith(".attention.masked_bias");
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Fused.byGroup(spec, p, "attention.query_key_value", StandardNames.source(spec, p, "model.layers.",
                "gpt_neox.layers.", "model.embed_tokens", "gpt_neox.embed_in", "model.norm",
                "gpt_neox.final_layer_norm", "lm_head", "embed_out", "self_attn.o_proj", "attention.dense", "up_proj",
                "dense_h_to_4h", "down_proj", "dense_4h_to_h"));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new JoinedGguf(new ExpertGguf(
                new StandardGguf("gptneox", "gpt_neox", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(StandardGguf.PARALLEL), (keys, checkpoint) -> keys.copy(List.of(StandardGguf.PARALLEL))), true,
                false));
    }
}
