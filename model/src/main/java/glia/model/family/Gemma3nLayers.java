package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.KeySharing;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.AugmentedResidual;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.SparseGatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.NumberRange;
import glia.model.spec.Parallel;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Place;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The layers of Gemma 3n: attention beside a learned augmented residual, an MLP, and a per-layer embedding, connected
/// by alternating updates.
final class Gemma3nLayers {
    /// Sublayers of a layer.
    private static final int SUBLAYERS = 3;

    private Gemma3nLayers() { }

    static int numStreams(Config config) throws CheckpointException {
        return config.positive("altup_num_inputs", 4);
    }

    static int perLayerSize(Config config) throws CheckpointException {
        return config.positive("hidden_size_per_layer_input", 256);
    }

    static List<Sublayer> read(Config config, Norm.Rms norm) throws CheckpointException {
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % 5 != 0);
        KeySharing sharing = KeySharing.read(config, slides, 15);
        Mixer augmented = new AugmentedResidual(config.positive("laurel_rank", 64), norm);
        Activation activation = Activations.read(config, "hidden_activation", "gelu_pytorch_tanh");
        Residual.Predicted predicted = new Residual.Predicted(numStreams(config),
                Numbers.count(config, "altup_active_idx", 0), (float) Math.sqrt(0.5), norm.eps());
        int[] widths = perLayer(config, "intermediate_size", slides.length);
        double[] sparsities = sparsities(config, slides.length);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < slides.length; layer++) {
            NormedAttention own = attention(config, slides[layer], norm.eps());
            Mixer attention = sharing.follows(layer)
                    ? own.following(new Place(SUBLAYERS * sharing.followed(layer), 1)) : own;
            sublayers.add(new Sublayer(layer, norm, new Parallel(List.of(
                    new Parallel.Branch(1, new Norm.None(), attention, norm, 1), new Parallel.Branch(augmented))),
                    new Norm.None(), predicted));
            GatedMlp mlp = new GatedMlp(widths[layer], activation, Bias.NONE);
            sublayers.add(new Sublayer(layer, norm, sparsities[layer] > 0
                    ? new SparseGatedMlp(mlp, sparsities[layer]) : mlp, norm,
                    new Residual.Working(predicted.numStreams())));
            sublayers.add(new Sublayer(layer, new Norm.None(),
                    new PerLayerEmbedding(layer, perLayerSize(config), activation), norm,
                    new Residual.Corrected(predicted, Place.of(SUBLAYERS * layer),
                            config.flag("altup_correct_scale", true))));
        }
        return sublayers;
    }

    /// A number for all layers, or one for each.
    private static int[] perLayer(Config config, String key, int numLayers) throws CheckpointException {
        int[] all = new int[numLayers];
        boolean isList = config.has(key) && !config.isNumber(key);
        int[] given = isList ? config.integers(key) : new int[] {config.positive(key, 16_384)};
        if (isList && given.length != numLayers) {
            throw config.error(key, "has " + given.length + " entries for " + numLayers + " layers");
        }
        for (int i = 0; i < numLayers; i++) {
            all[i] = given[isList ? i : 0];
            if (all[i] < 1) {
                throw config.error(key, "found " + all[i] + " for layer " + i + ", expected at least 1");
            }
        }
        return all;
    }

    /// The part of the gates that is 0 in each layer; by default 0.95 in the first ten of more than ten layers.
    private static double[] sparsities(Config config, int numLayers) throws CheckpointException {
        String key = "activation_sparsity_pattern";
        if (config.has(key)) {
            double[] given = Numbers.reals(config, key, NumberRange.WEIGHT);
            if (given.length != numLayers) {
                throw config.error(key, "has " + given.length + " entries for " + numLayers + " layers");
            }
            return given;
        }
        double[] sparsities = new double[numLayers];
        for (int i = 0; i < 10 && numLayers > 10; i++) {
            sparsities[i] = 0.95;
        }
        return sparsities;
    }

    private static NormedAttention attention(Config config, boolean slides, float eps) throws CheckpointException {
        int headSize = config.positive("head_dim", 256);
        return new NormedAttention(config.positive("num_attention_heads", 8),
                config.positive("num_key_value_heads", 2), headSize, rope(config, headSize, slides),
                slides ? new Span.Sliding(config.positive("sliding_window", 512)) : new Span.Causal(), eps,
                Standard.bias(config, "attention_bias", false), NormedAttention.Values.PROJECTION);
    }

    /// A RoPE base of 10,000 in sliding-window layers, in full layers 1,000,000 with `rope_scaling`.
    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        Optional<Config> own = RopeConfig.ofKind(config, slides);
        if (own.isPresent()) {
            return RopeConfig.read(config, own.get(), headSize, slides ? 10_000 : 1_000_000);
        }
        double local = Numbers.real(config, "rope_local_base_freq", NumberRange.ROPE_THETA, 10_000);
        return slides ? RopeConfig.read(config, Config.of(config.origin(), Map.of()), headSize, local)
                : RopeConfig.read(config, headSize, 1_000_000);
    }
}
