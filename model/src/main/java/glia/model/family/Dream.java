package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.DiffusionGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Diffusion;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Dream, masked text diffusion (https://arxiv.org/abs/2508.15487): Qwen2's structure with attention in both
/// directions; the logits at a place are those of the next. Checked against `DreamModel`.
final class Dream implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("Dream");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "use_sliding_window");
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 32, headSize, RopeConfig.read(config, headSize, 10_000),
                Bias.INPUTS).with(new Span.Bidirectional());
        return Standard.spec(config, 32_768, false, Bias.NONE, layer -> attention)
                .with(new Diffusion.Masked(Numbers.count(config, "mask_token_id", 151_666), true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new DiffusionGguf(new StandardGguf("dream", "Dream", StandardGguf.Rotation.HALF_SPLIT)));
    }
}
