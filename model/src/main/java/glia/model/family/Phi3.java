package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Padding;
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
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;

/// Phi-3, Phi-3.5 mini, Phi-4 and Phi-4-mini (https://arxiv.org/abs/2404.14219): Llama's structure with queries, keys
/// and values in one matrix, gate and up in another, and LongRoPE in long contexts. Checked against the class
/// `Phi3ForCausalLM`.
final class Phi3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("phi3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Bias.NONE).with(AttentionConfig.span(config));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        return Standard.spec(Padding.orElse(config, 32_000), 4096, false,
                Standard.epsilon(config, "rms_norm_eps", 1e-5), layer -> attention, layer -> mlp);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Fused.gateUp(spec, p, Fused.queriesKeysValues(spec, p, StandardNames.source(spec, p)));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new JoinedGguf(new ExpertGguf(
                new StandardGguf("phi3", "phi3", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM, List.of(),
                (keys, checkpoint) -> { }), true, true));
    }
}
