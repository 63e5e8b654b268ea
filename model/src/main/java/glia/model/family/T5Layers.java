package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.spec.Bias;
import glia.model.spec.CrossAttention;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.RelativeAttention;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// The sublayers of T5's encoder and decoder.
///
/// @param isShared whether the layers of a stack share the table of position biases
record T5Layers(Norm norm, int numHeads, int headSize, int numBuckets, int maxDistance, Mixer mlp, boolean isShared) {
    /// @param isFirst whether these are the layers of T5 itself, not of mT5 or UMT5
    static T5Layers read(Config config, Norm norm, boolean isFirst) throws CheckpointException {
        return new T5Layers(norm, config.positive("num_heads", isFirst ? 8 : 6), config.positive("d_kv", 64),
                config.positive("relative_attention_num_buckets", 32),
                config.positive("relative_attention_max_distance", 128), mlp(config, isFirst),
                !config.text("model_type").equals("umt5"));
    }

    private static Mixer mlp(Config config, boolean isFirst) throws CheckpointException {
        String kind = config.text("feed_forward_proj", isFirst ? "relu" : "gated-gelu");
        int size = config.positive("d_ff", isFirst ? 2048 : 1024);
        String name = kind.equals("gated-gelu") ? "gelu_new" : kind.replaceFirst("^gated-", "");
        Activation activation = Activations.read(config, "dense_act_fn", name);
        return config.flag("is_gated_act", kind.startsWith("gated-")) ? new GatedMlp(size, activation, Bias.NONE)
                : new Mlp(size, activation, Bias.NONE);
    }

    List<Sublayer> decoder(int numLayers) {
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, norm, attention(new Span.Causal(), isShared ? 0 : sublayers.size())));
            sublayers.add(new Sublayer(layer, norm, new CrossAttention(numHeads, headSize, 1, Bias.NONE)));
            sublayers.add(new Sublayer(layer, norm, mlp));
        }
        return sublayers;
    }

    /// @param first the index of its first sublayer, after those of the decoder
    List<Sublayer> encoder(int numLayers, int first) {
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, norm, attention(new Span.Bidirectional(),
                    isShared ? first : first + sublayers.size())));
            sublayers.add(new Sublayer(layer, norm, mlp));
        }
        return sublayers;
    }

    /// @param owner the sublayer with the position table
    private Mixer attention(Span span, int owner) {
        return new RelativeAttention(numHeads, headSize, span,
                new Scores.RelativeBias(numBuckets, maxDistance, span instanceof Span.Bidirectional), owner);
    }
}
