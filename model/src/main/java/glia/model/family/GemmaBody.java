package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Scores;
import java.util.List;
import java.util.OptionalDouble;

/// The common structure of Gemma 2 and 3: norms before and after each mixer with weights stored minus 1, embeddings
/// times √D, and optional soft caps.
final class GemmaBody {
    private GemmaBody() { }

    static Norm.Rms norm(Config config) throws CheckpointException {
        return new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
    }

    /// The scale of scores.
    static float scale(Config config) throws CheckpointException {
        return (float) (1 / Math.sqrt(Numbers.real(config, "query_pre_attn_scalar", NumberRange.FACTOR, 256)));
    }

    /// The sliding window.
    static int window(Config config) throws CheckpointException {
        return config.has("sliding_window") ? config.positive("sliding_window") : 4096;
    }

    /// A soft cap: `ifAbsent` (0 for none) if the key is missing, none if it is null.
    private static OptionalDouble cap(Config config, String key, double ifAbsent) throws CheckpointException {
        if (config.has(key)) {
            return OptionalDouble.of(Numbers.real(config, key, NumberRange.CAP));
        }
        return config.isNull(key) || ifAbsent == 0 ? OptionalDouble.empty() : OptionalDouble.of(ifAbsent);
    }

    static Scores scores(Config config, double ifAbsent) throws CheckpointException {
        OptionalDouble cap = cap(config, "attn_logit_softcapping", ifAbsent);
        return cap.isPresent() ? new Scores.Capped((float) cap.getAsDouble()) : new Scores.Plain();
    }

    /// Reads everything except the attention.
    ///
    /// @param logitCap the default cap of logits, 0 for none
    static ModelSpec spec(Config config, int context, double logitCap, Standard.Attentions attentions)
            throws CheckpointException {
        Norm norm = norm(config);
        Mixer mlp = new GatedMlp(config.positive("intermediate_size"),
                Activations.read(config, "hidden_activation", "gelu_pytorch_tanh"), Bias.NONE);
        List<Sublayer> sublayers = Standard.layers(Numbers.layers(config, "num_hidden_layers"), norm, norm,
                Residual.PLAIN, attentions, layer -> mlp);
        return Standard.model(config, context, embedding(config), sublayers, norm, head(config, logitCap));
    }

    /// Embeddings times √D.
    static Embedding embedding(Config config) throws CheckpointException {
        return Padding.read(config, Embedding.scaled(Math.sqrt(config.positive("hidden_size"))), 0);
    }

    /// The head with the cap of logits.
    ///
    /// @param logitCap the default cap, 0 for none
    static Head head(Config config, double logitCap) throws CheckpointException {
        OptionalDouble cap = cap(config, "final_logit_softcapping", logitCap);
        Head head = Standard.head(config, true);
        return cap.isPresent() ? head.with(new Head.Logits.Capped((float) cap.getAsDouble())) : head;
    }
}
