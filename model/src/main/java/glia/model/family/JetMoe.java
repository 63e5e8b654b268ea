package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.ExpertAttention;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.List;

/// JetMoE (https://arxiv.org/abs/2404.07413): a mixture of attention heads and a mixture of MLPs in each layer, both
/// with stacked experts and a bias of the output. Checked against the class `JetMoeForCausalLM`.
final class JetMoe implements Family {
    private static final float LAYER_EPSILON = 1e-6f;

    @Override
    public List<String> modelTypes() {
        return List.of("jetmoe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = config.positive(config.has("kv_channels") ? "kv_channels" : "head_dim", 128);
        int count = ExpertConfig.numExperts(config, 8);
        Router router = ExpertConfig.softmaxOfChosen(config, 2);
        Mixer attention = new ExpertAttention(count, config.positive("num_key_value_heads", 16), headSize,
                RopeConfig.read(config, headSize, 10_000), new Span.Causal(), router);
        Mixer experts = ExpertConfig.of(config, count, config.positive("intermediate_size", 5632),
                new MlpForm.Gated(Activations.read(config, "activation_function", "silu")), Bias.NONE, router,
                Weighting.OUTPUT, new Experts.Shared.Constant());
        // The reference gives the config's epsilon to the last norm only.
        List<Sublayer> sublayers = Standard.layers(Numbers.layers(config, "num_hidden_layers"),
                new Norm.Rms(LAYER_EPSILON, 0), Residual.PLAIN, layer -> attention, layer -> experts);
        return Standard.model(config, 4096, Padding.read(config, Embedding.PLAIN), sublayers,
                new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0), Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0 || p.role() == Role.BEFORE_WEIGHT) {
            return StandardNames.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        return spec.mixer(p.place()) instanceof ExpertAttention a ? attention(a, p, layer + "self_attention.")
                : experts((Experts) spec.mixer(p.place()), p, layer + "mlp.");
    }

    private static Source attention(ExpertAttention a, Parameter p, String at) {
        Source both = new Source.Stored(at + "kv_proj.weight");
        return switch (p.role()) {
            case ROUTER -> new Source.Stored(at + "experts.router.layer.weight");
            case KEY -> new Source.Rows(both, 0, a.size(), 2 * a.size());
            case VALUE -> new Source.Rows(both, a.size(), a.size(), 2 * a.size());
            case QUERY -> new Source.Slice(new Source.Stored(at + "experts.input_linear.weight"), p.expert(),
                    a.numExperts());
            case OUTPUT -> new Source.Slice(new Source.Stored(at + "experts.output_linear.weight"), p.expert(),
                    a.numExperts());
            case OUTPUT_BIAS -> new Source.Stored(at + "experts.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source experts(Experts e, Parameter p, String at) {
        int width = e.intermediateSize();
        Source both = new Source.Slice(new Source.Stored(at + "input_linear.weight"), p.expert(), e.numExperts());
        return switch (p.role()) {
            case ROUTER -> new Source.Stored(at + "router.layer.weight");
            case GATE -> new Source.Rows(both, 0, width, 2 * width);
            case UP -> new Source.Rows(both, width, width, 2 * width);
            case DOWN -> new Source.Slice(new Source.Stored(at + "output_linear.weight"), p.expert(), e.numExperts());
            case SHARED_DOWN_BIAS -> new Source.Stored(at + "bias");
            default -> throw StandardNames.unknown(p);
        };
    }
}
