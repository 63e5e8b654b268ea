package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.BertNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Classes;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.OptionalInt;

/// ELECTRA (https://arxiv.org/abs/2003.10555): BERT with an embedding that may be narrower than the hidden size.
/// Checked against the class `ElectraForMaskedLM`, the generator; of a discriminator the hidden states are read.
final class Electra implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("electra");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "is_decoder", "add_cross_attention");
        Standard.only(config, "position_embedding_type", "absolute");
        int hidden = config.positive("hidden_size", 256);
        int width = config.positive("embedding_size", 128);
        int heads = config.positive("num_attention_heads", 4);
        int context = config.positive("max_position_embeddings", 512);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-12));
        BertLayers layers = new BertLayers(heads, AttentionConfig.headSize(config.with("hidden_size", hidden)
                .with("num_attention_heads", heads), 0), config.positive("intermediate_size", 1024),
                Activations.read(config, "hidden_act", "gelu"), norm);
        Embedding plain = Padding.read(config, new Embedding(new Positions.Learned(context), 1,
                config.positive("type_vocab_size", 2), norm), 0);
        Head.Transform transform = new Head.Transform.Dense(Activation.GELU, norm, Bias.ALL, OptionalInt.of(width));
        return new ModelSpec("electra", config.positive("vocab_size", 30_522), hidden, context,
                width == hidden ? plain : plain.with(new Embedding.Factors(width, false)),
                layers.of(Numbers.layers(config, "num_hidden_layers")), norm,
                Standard.maskedHead(config, transform, Bias.ALL, "ElectraForMaskedLM"));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BertNames.renamed(spec, p, "^bert\\.pooler\\.dense", "classifier.dense", "^classifier\\.(weight|bias)$",
                "classifier.out_proj.$1", "^bert\\.", "electra.", "^cls\\.predictions\\.transform\\.",
                "generator_predictions.", "^cls\\.predictions\\.(decoder\\.)?", "generator_lm_head.");
    }

    /// The classifier's hidden layer has GELU.
    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) {
        return Head.classifier(new Classes(labels, Classes.Pool.FIRST, outcome),
                new Head.Transform.Dense(Activation.GELU, new Norm.None(), Bias.ALL), true);
    }

    /// The discriminator's head finds replaced tokens, which no other model does.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.matches("(electra\\.)?embeddings\\.position_ids") || name.startsWith("discriminator_predictions.")
                || name.startsWith("generator_") && spec.head().matrix() == Head.Matrix.ABSENT;
    }
}
