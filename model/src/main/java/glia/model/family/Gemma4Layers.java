package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.KeySharing;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parallel;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;

/// The layers of Gemma 4: attention, an MLP with or without parallel experts, and, in some sizes, a per-layer
/// embedding. The last sublayer has the learned scale of the stream.
final class Gemma4Layers {
    private Gemma4Layers() { }

    /// The size of per-layer embeddings; 0 for none.
    static int perLayerSize(Config config) throws CheckpointException {
        return config.text("model_type").equals("gemma4_unified_text") ? 0
                : Numbers.count(config, "hidden_size_per_layer_input", 256);
    }

    static List<Sublayer> read(Config config, Norm.Rms norm) throws CheckpointException {
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % 6 != 0);
        slides[slides.length - 1] = false;
        KeySharing sharing = KeySharing.read(config, slides, 0);
        int perLayerSize = perLayerSize(config);
        int numSublayers = perLayerSize == 0 ? 2 : 3;
        Activation activation = Activations.read(config, "hidden_activation", "gelu_pytorch_tanh");
        int width = config.positive("intermediate_size");
        int wide = config.flag("use_double_wide_mlp", false) ? Math.multiplyExact(2, width) : width;
        boolean mixes = config.flag("enable_moe_block", false);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < slides.length; layer++) {
            NormedAttention own = Gemma4Mixers.attention(config, layer, slides[layer], norm.eps());
            boolean follows = sharing.follows(layer);
            sublayers.add(new Sublayer(layer, norm, follows
                    ? own.following(Place.of(numSublayers * sharing.followed(layer))) : own, norm, Residual.PLAIN));
            Mixer mlp = new GatedMlp(follows ? wide : width, activation, Bias.NONE);
            sublayers.add(new Sublayer(layer, mixes ? new Norm.None() : norm,
                    mixes ? besideExperts(mlp, norm, Gemma4Mixers.experts(config, activation, norm)) : mlp, norm,
                    perLayerSize == 0 ? new Residual.Scaled() : Residual.PLAIN));
            if (perLayerSize > 0) {
                sublayers.add(new Sublayer(layer, new Norm.None(),
                        new PerLayerEmbedding(layer, perLayerSize, activation), norm, new Residual.Scaled()));
            }
        }
        return sublayers;
    }

    private static Mixer besideExperts(Mixer mlp, Norm norm, Mixer experts) {
        return new Parallel(List.of(new Parallel.Branch(1, norm, mlp, norm, 1),
                new Parallel.Branch(1, new Norm.None(), experts, norm, 1)));
    }
}
