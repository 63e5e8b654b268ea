package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.LatentExperts.Method;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.gguf.Glm5NextGguf;
import glia.model.family.hub.DeltaNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Streams;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.expert.MlpForm;
import java.util.List;
import java.util.Optional;

/// GLM-5.3-Flash, the text model: three layers of Kimi delta attention to one of latent attention without RoPE, which
/// an indexer limits to some blocks of positions, over several residual streams with manifold-constrained
/// hyper-connections (https://arxiv.org/abs/2512.24880). Checked against the class `Glm5NextForConditionalGeneration`,
/// text alone.
final class Glm5Next implements Family {
    static final String TEXT = "glm5_next_text";
    private static final LatentExperts EXPERTS =
            new LatentExperts(3, 288, 1, 2048, 1, 1, Method.NOAUX_TC, true, 2.5);

    @Override
    public List<String> modelTypes() {
        return List.of(TEXT);
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = given.without("first_k_dense_replace");
        Standard.only(config, "hidden_act", "silu");
        float eps = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        float streamEps = Standard.epsilon(config, "hc_eps", 1e-6);
        int streams = config.positive("hc_mult", 4);
        Norm norm = new Norm.Rms(eps, 0);
        Mixer[] attentions = Glm5NextLayers.attentions(config, eps);
        MlpForm.Cut form = new MlpForm.Cut(Activation.SILU,
                (float) Numbers.real(config, "swiglu_limit", NumberRange.CAP, 10));
        Residual residual = new Residual.Hyper(streams, config.positive("hc_sinkhorn_iters", 20), streamEps, eps);
        return Standard.model(config, 1_048_576, Padding.read(config, Embedding.PLAIN),
                Standard.layers(attentions.length, norm, residual, layer -> attentions[layer], EXPERTS.read(config)),
                norm, Standard.head(config, false)).with(new Streams.Mean(streams)).mapMixers(m -> switch (m) {
                    case Experts e -> e.with(form);
                    case GatedMlp mlp -> new LimitedMlp(mlp.intermediateSize(), form);
                    default -> m;
                });
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        String streams = switch (p.role()) {
            case STREAM_WEIGHTS -> "fn";
            case STREAM_BASE -> "base";
            case STREAM_SCALE -> "scale";
            default -> "";
        };
        return streams.isEmpty() ? DeltaNames.kimi(spec, p) : new Source.Stored("model.layers."
                + spec.sublayer(p).layer() + (p.sublayer() % 2 == 0 ? ".hc_attn_" : ".hc_ffn_") + streams);
    }

    /// Multi-token-prediction layers.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return StandardNames.isBeyondLayers(spec, name) || name.contains(".shared_head.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Glm5NextGguf());
    }
}
