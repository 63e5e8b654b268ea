package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parallel;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// The structure that most families share: RMS norm, attention, RMS norm, gated MLP (https://arxiv.org/abs/2302.13971).
public final class Standard {
    /// The attention, or another sequence mixer, of each layer.
    @FunctionalInterface
    public interface Attentions {
        Mixer of(int layer) throws CheckpointException;
    }

    /// The MLP or experts of each layer.
    @FunctionalInterface
    public interface FeedForwards {
        Mixer of(int layer) throws CheckpointException;
    }

    private Standard() { }

    /// The epsilon of a norm.
    public static float epsilon(Config config, String key, double otherwise) throws CheckpointException {
        return (float) Numbers.real(config, key, NumberRange.EPSILON, otherwise);
    }

    /// All biases of a mixer, or none.
    public static Bias bias(Config config, String key, boolean otherwise) throws CheckpointException {
        return config.flag(key, otherwise) ? Bias.ALL : Bias.NONE;
    }

    /// A head, tied to the embedding or separate.
    public static Head head(Config config, boolean defaultTied) throws CheckpointException {
        return config.flag("tie_word_embeddings", defaultTied) ? Head.TIED : Head.SEPARATE;
    }

    /// Reads everything except the attention.
    public static ModelSpec spec(Config config, int defaultContext, boolean defaultTied, Bias mlpBias,
            Attentions attentions)
            throws CheckpointException {
        Mixer mlp = mlp(config, "intermediate_size", mlpBias);
        return spec(config, defaultContext, defaultTied, epsilon(config, "rms_norm_eps", 1e-6), attentions,
                layer -> mlp);
    }

    /// A gated MLP with the width of a key.
    public static GatedMlp mlp(Config config, String width, Bias bias) throws CheckpointException {
        return new GatedMlp(config.positive(width), Activations.read(config, "hidden_act", "silu"), bias);
    }

    /// Reads everything except the layers and the epsilon.
    public static ModelSpec spec(Config config, int defaultContext, boolean defaultTied, float epsilon,
            Attentions attentions,
            FeedForwards feedForwards) throws CheckpointException {
        return spec(config, defaultContext, defaultTied, new Norm.Rms(epsilon, 0), attentions, feedForwards);
    }

    /// The same with any norm.
    public static ModelSpec spec(Config config, int defaultContext, boolean defaultTied, Norm norm,
            Attentions attentions, FeedForwards feedForwards) throws CheckpointException {
        return spec(config, defaultContext, Padding.read(config, Embedding.PLAIN), norm, attentions, feedForwards,
                head(config, defaultTied));
    }

    /// The same with any embedding, norm and head.
    public static ModelSpec spec(Config config, int defaultContext, Embedding embedding, Norm norm,
            Attentions attentions, FeedForwards feedForwards, Head head) throws CheckpointException {
        return model(config, defaultContext, embedding, layers(Numbers.layers(config, "num_hidden_layers"), norm,
                Residual.PLAIN, attentions, feedForwards), norm, head);
    }

    /// Layers of two pre-norm sublayers.
    public static List<Sublayer> layers(int numLayers, Norm norm, Residual residual, Attentions attentions,
            FeedForwards feedForwards) throws CheckpointException {
        return layers(numLayers, norm, new Norm.None(), residual, attentions, feedForwards);
    }

    /// Layers of two sublayers with a norm before and a norm after each mixer.
    public static List<Sublayer> layers(int numLayers, Norm before, Norm after, Residual residual,
            Attentions attentions, FeedForwards feedForwards) throws CheckpointException {
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, before, attentions.of(layer), after, residual));
            sublayers.add(new Sublayer(layer, before, feedForwards.of(layer), after, residual));
        }
        return sublayers;
    }

    /// Layers of one pre-norm sublayer, in which both mixers read the same input.
    public static List<Sublayer> parallelLayers(int numLayers, Norm norm, Attentions attentions,
            FeedForwards feedForwards) throws CheckpointException {
        return parallelLayers(numLayers, norm, new Norm.None(), attentions, feedForwards);
    }

    /// The same with a norm before each of the mixers.
    public static List<Sublayer> parallelLayers(int numLayers, Norm norm, Norm own, Attentions attentions,
            FeedForwards feedForwards) throws CheckpointException {
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, norm, new Parallel(List.of(
                    new Parallel.Branch(1, own, attentions.of(layer), new Norm.None(), 1),
                    new Parallel.Branch(1, own, feedForwards.of(layer), new Norm.None(), 1)))));
        }
        return sublayers;
    }

    /// A model with these layers, with sizes under the usual keys.
    public static ModelSpec model(Config config, int defaultContext, Embedding embedding, List<Sublayer> sublayers,
            Norm norm,
            Head head) throws CheckpointException {
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), config.positive("hidden_size"),
                config.positive("max_position_embeddings", defaultContext), embedding, sublayers, norm, head);
    }

    /// Logits multiplied by a factor.
    public static Head.Logits logits(double factor) {
        return factor == 1 ? new Head.Logits.Plain() : new Head.Logits.Scaled((float) factor);
    }

    /// A flag, or a number in older configs.
    public static boolean flagOrNumber(Config config, String key, boolean otherwise) throws CheckpointException {
        return config.isNumber(key) ? config.integer(key) != 0 : config.flag(key, otherwise);
    }

    /// Refuses a config that sets one of these flags.
    public static void refuse(Config config, String... flags) throws CheckpointException {
        for (String flag : flags) {
            if (config.flag(flag, false)) {
                throw config.error(flag, "is true, which this family does not support");
            }
        }
    }

    /// Refuses a config if a text is present and not the supported one.
    public static void only(Config config, String key, String supported) throws CheckpointException {
        if (!config.text(key, supported).equals(supported)) {
            throw config.error(key, "found '" + config.text(key) + "', only " + supported + " is supported");
        }
    }

    /// The transform of a head with the keys `classifier_activation` and `classifier_bias`.
    public static Head.Transform transform(Config config, Norm norm) throws CheckpointException {
        return new Head.Transform.Dense(Activations.read(config, "classifier_activation", "gelu"), norm,
                bias(config, "classifier_bias", false));
    }

    /// The head of a masked language model, if `architectures` names one of these classes or is absent.
    public static Head maskedHead(Config config, Head.Transform transform, Bias bias, String... classes)
            throws CheckpointException {
        String[] named = config.has("architectures") ? config.strings("architectures") : classes;
        return Arrays.stream(named).anyMatch(Set.of(classes)::contains)
                ? new Head(head(config, true).matrix(), transform, bias, new Head.Logits.Plain()) : Head.ABSENT;
    }
}
