package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.DeepseekV4Names;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Streams;
import java.util.List;

/// DeepSeek V4: attention to a sliding window and to compressed blocks of earlier positions, residual streams with
/// manifold-constrained hyper-connections (https://arxiv.org/abs/2512.24880), experts in all layers, in the first ones
/// chosen by the token. Checked against the class `DeepseekV4ForCausalLM`. Multi-token-prediction layers are ignored.
final class DeepseekV4 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("deepseek_v4");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        // The reference has `attention_bias` and does not use it.
        Standard.refuse(config, "mlp_bias");
        float eps = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        float streamEps = Standard.epsilon(config, "hc_eps", 1e-6);
        int streams = config.positive("hc_mult", 4);
        Norm norm = new Norm.Rms(eps, 0);
        int numLayers = Numbers.layers(config, "num_hidden_layers");
        return Standard.model(config, 1_048_576, Padding.read(config, Embedding.PLAIN),
                Standard.layers(numLayers, norm,
                        new Residual.Hyper(streams, config.positive("hc_sinkhorn_iters", 20), streamEps, eps),
                        DeepseekV4Layers.attentions(config, numLayers, eps),
                        DeepseekV4Layers.experts(config, numLayers)),
                norm, Standard.head(config, false)).with(new Streams.Weighted(streams, streamEps, eps));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DeepseekV4Names.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.startsWith("mtp.");
    }
}
