package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.LfmGguf;
import glia.model.family.hub.LfmNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;

/// LFM2 (https://arxiv.org/abs/2511.23404): short gated convolutions, attention with normed heads in a few layers, and
/// MLPs or, after the first layers, experts with sigmoid scores and a learned correction. Checked against the classes
/// `Lfm2ForCausalLM` and `Lfm2MoeForCausalLM`.
final class Lfm2 implements Family {
    static final String CONVOLUTION = "conv";
    static final String FULL = "full_attention";

    @Override
    public List<String> modelTypes() {
        return List.of("lfm2", "lfm2_moe");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        boolean mixes = given.text("model_type").equals("lfm2_moe");
        Config config = LfmMixers.renamed(given);
        int headSize = AttentionConfig.headSize(config, 0);
        float eps = Standard.epsilon(config, "norm_eps", 1e-5);
        Attention attention = AttentionConfig.causal(config, 8, headSize, RopeConfig.read(config, headSize, 1e6),
                Bias.NONE).with(new QkNorm.Heads(new Norm.Rms(eps, 0)));
        LayerTypes.Rule attends = LayerTypes.listed(config, "full_attn_idxs");
        boolean everywhere = mixes || !config.has("full_attn_idxs");
        String[] kinds = LayerTypes.kinds(config, List.of(CONVOLUTION, FULL),
                layer -> everywhere || attends.holds(layer) ? FULL : CONVOLUTION);
        Mixer convolution = LfmMixers.convolution(config, 3);
        Mixer mlp = new GatedMlp(mixes ? config.positive("intermediate_size", 7168) : LfmMixers.width(config),
                Activation.SILU, Bias.NONE);
        Mixer experts = mixes ? LfmMixers.experts(config) : mlp;
        int numDense = mixes ? Numbers.count(config, "num_dense_layers", 2) : kinds.length;
        return Standard.spec(config, 128_000, Padding.read(config, Embedding.PLAIN, 0), new Norm.Rms(eps, 0),
                layer -> kinds[layer].equals(FULL) ? attention : convolution,
                layer -> layer < numDense ? mlp : experts, Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return LfmNames.source(spec, p).renamed(name -> List.of(name.replace("self_attn.o_proj", "self_attn.out_proj")
                .replace("q_norm", "q_layernorm").replace("k_norm", "k_layernorm")));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new LfmGguf());
    }
}
