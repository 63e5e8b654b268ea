package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.family.hub.StateSpaceNames;
import glia.model.layout.Source;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// The structure of Mamba and its successors: each layer is an RMS norm and one mixer. Tensors are named
/// `backbone.layers.N.{norm,mixer.*}`.
final class Backbone {
    /// The context length; there is no position encoding that would limit it.
    private static final int CONTEXT = 1 << 20;

    private static final ExpertNames EXPERTS = ExpertNames.of("mixer", "gate",
            ExpertNames.Stack.OUTPUTS_FIRST);

    private Backbone() { }

    /// A model with one mixer per layer.
    static ModelSpec spec(Config config, List<Mixer> mixers, int defaultContext, Head head)
            throws CheckpointException {
        Norm norm = new Norm.Rms(Standard.epsilon(config, "layer_norm_epsilon", 1e-5), 0);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < mixers.size(); layer++) {
            sublayers.add(new Sublayer(layer, norm, mixers.get(layer)));
        }
        return Standard.model(config, defaultContext, Embedding.PLAIN, sublayers, norm, head);
    }

    /// A model with the same mixer in all layers.
    static ModelSpec spec(Config config, Mixer mixer, boolean defaultTied) throws CheckpointException {
        Head head = Standard.head(config, defaultTied);
        int layers = Numbers.layers(config, "num_hidden_layers");
        return spec(config, java.util.Collections.nCopies(layers, mixer), CONTEXT, head);
    }

    static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> new Source.Stored("backbone.embeddings.weight", "backbone.embedding.weight");
                case FINAL_WEIGHT -> new Source.Stored("backbone.norm_f.weight");
                case HEAD -> new Source.Stored("lm_head.weight");
                default -> throw StandardNames.unknown(p);
            };
        }
        String layer = "backbone.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        boolean stateSpace = mixer instanceof SelectiveStateSpace || mixer instanceof StateSpaceDual;
        if (mixer instanceof CompressedExperts && p.role() != Role.BEFORE_WEIGHT) {
            return compressed(spec, p, layer);
        }
        if (mixer instanceof Experts && p.role() != Role.BEFORE_WEIGHT) {
            return EXPERTS.source(spec, p, layer);
        }
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + "norm.weight");
            case QUERY -> new Source.Stored(layer + "mixer.q_proj.weight");
            case KEY -> new Source.Stored(layer + "mixer.k_proj.weight");
            case VALUE -> new Source.Stored(layer + "mixer.v_proj.weight");
            case UP -> new Source.Stored(layer + "mixer.up_proj.weight");
            case UP_BIAS -> new Source.Stored(layer + "mixer.up_proj.bias");
            case DOWN -> new Source.Stored(layer + "mixer.down_proj.weight");
            case DOWN_BIAS -> new Source.Stored(layer + "mixer.down_proj.bias");
            case OUTPUT -> new Source.Stored(layer + (stateSpace ? "mixer.out_proj.weight" : "mixer.o_proj.weight"));
            default -> StateSpaceNames.source(layer + "mixer.", mixer, p);
        };
    }

    private static Source compressed(ModelSpec spec, Parameter p, String layer) {
        return switch (p.role()) {
            case EXPERT_INPUT -> new Source.Stored(layer + "mixer.fc1_latent_proj.weight");
            case EXPERT_INPUT_BIAS -> new Source.Stored(layer + "mixer.fc1_latent_proj.bias");
            case EXPERT_OUTPUT_BIAS -> new Source.Stored(layer + "mixer.fc2_latent_proj.bias");
            case EXPERT_OUTPUT -> new Source.Stored(layer + "mixer.fc2_latent_proj.weight");
            case UP -> new Source.Stored(layer + "mixer.experts." + p.expert() + ".up_proj.weight");
            case DOWN -> new Source.Stored(layer + "mixer.experts." + p.expert() + ".down_proj.weight");
            default -> EXPERTS.source(spec, p, layer);
        };
    }
}
