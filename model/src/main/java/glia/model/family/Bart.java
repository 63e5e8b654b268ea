package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.BartNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Encoder;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// BART (https://arxiv.org/abs/1910.13461): a post-norm encoder-decoder with learned positions of each stack. Checked
/// against the class `BartForConditionalGeneration`.
final class Bart implements Family {
    private static final String LOGIT_BIAS = "final_logits_bias";
    /// The row of position 0 in the table of positions.
    private static final int FIRST = 2;

    @Override
    public List<String> modelTypes() {
        return List.of("bart");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        return spec(config, Set.of());
    }

    @Override
    public ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        Standard.refuse(config, "normalize_before", "add_final_layer_norm", "static_position_embeddings");
        if (!config.flag("tie_word_embeddings", true)) {
            throw config.error("tie_word_embeddings", "is false, so that encoder, decoder and head have embeddings of "
                    + "their own, which this family does not support");
        }
        int hidden = config.positive("d_model", 1024);
        int context = config.positive("max_position_embeddings", 1024);
        Norm norm = new Norm.Layer(1e-5f);
        Activation activation = Activations.read(config, "activation_function", "gelu");
        BartLayers layers = new BartLayers(hidden, activation, norm, false, Bias.ALL);
        double scale = config.flag("scale_embedding", false) ? Math.sqrt(hidden) : 1;
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Learned(context, FIRST), (float) scale,
                0, norm), 1);
        // The class BartModel has no bias of the logits.
        boolean isBiased = tensors.isEmpty() || tensors.contains(LOGIT_BIAS);
        Head head = new Head(Head.Matrix.TIED, Head.Transform.NONE,
                isBiased ? Bias.ALL : Bias.NONE, new Head.Logits.Plain());
        return new ModelSpec("bart", config.positive("vocab_size", 50_265), hidden, context, embedding,
                layers.decoder(config), new Norm.None(), head,
                Optional.of(new Encoder(layers.encoder(config), new Norm.None(),
                        config.integer("decoder_start_token_id", 2), Optional.of(embedding))));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BartNames.source(spec, p);
    }

    /// Copies of the embedding.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.matches("(model\\.)?(encoder|decoder)\\.(embed_tokens\\.weight|version)");
    }
}
