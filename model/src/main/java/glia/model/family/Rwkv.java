package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.config.Synonyms;
import glia.model.family.hub.RwkvNames;
import glia.model.layout.Source;
import glia.model.spec.ChannelMix;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Sublayer;
import glia.model.spec.TimeMix;
import java.util.ArrayList;
import java.util.List;

/// RWKV-4 (https://arxiv.org/abs/2305.13048): time mixing and channel mixing, each after a layer norm. Checked against
/// the class `RwkvForCausalLM`.
final class Rwkv implements Family {
    /// Epsilon of the final norm, whatever the config has.
    private static final double FINAL_EPS = 1e-5;
    private static final int MOST_HALVINGS = 60;

    @Override
    public List<String> modelTypes() {
        return List.of("rwkv");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = Synonyms.read(given, "context_length", "max_position_embeddings");
        int hidden = config.positive("hidden_size");
        float eps = Standard.epsilon(config, "layer_norm_epsilon", 1e-5);
        Mixer time = new TimeMix(hidden, config.positive("attention_hidden_size", hidden));
        Mixer channel = new ChannelMix(hidden, config.positive("intermediate_size", Math.multiplyExact(4, hidden)));
        int layers = Numbers.layers(config, "num_hidden_layers");
        int every = config.has("rescale_every") ? config.integer("rescale_every") : 6;
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            Norm norm = norm(config, eps, layer, every);
            sublayers.add(new Sublayer(layer, norm, time));
            sublayers.add(new Sublayer(layer, norm, channel));
        }
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), hidden,
                config.positive("context_length", 1024),
                new Embedding(new Positions.None(), 1, 0, new Norm.Layer(eps)), sublayers,
                norm(config, FINAL_EPS, layers, every), Standard.head(config, false));
    }

    /// The reference halves the stream after every `rescale_every` layers, and what is added to it after that. This
    /// changes nothing but the weight of the norms' epsilon.
    private static Norm norm(Config config, double eps, int layer, int every) throws CheckpointException {
        int halvings = every <= 0 ? 0 : layer / every;
        double weighed = eps * Math.pow(4, halvings);
        if (halvings > MOST_HALVINGS || weighed > 1) {
            throw config.error("rescale_every", "halves the stream " + halvings + " times, too often for an epsilon of "
                    + eps);
        }
        return new Norm.Layer((float) weighed);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return RwkvNames.source(spec, p);
    }
}
