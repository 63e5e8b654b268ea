package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.AlbertNames;
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

/// ALBERT (https://arxiv.org/abs/1909.11942): BERT with a factorized embedding and layers that share their weights in
/// groups. Checked against the class `AlbertForMaskedLM`.
final class Albert implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("albert");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.only(config, "position_embedding_type", "absolute");
        int hidden = config.positive("hidden_size", 4096);
        int width = config.positive("embedding_size", 128);
        int heads = config.positive("num_attention_heads", 64);
        int context = config.positive("max_position_embeddings", 512);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-12));
        Activation activation = Activations.read(config, "hidden_act", "gelu_new");
        BertLayers layers = new BertLayers(heads, AttentionConfig.headSize(config.with("hidden_size", hidden)
                .with("num_attention_heads", heads), 0), config.positive("intermediate_size", 16_384), activation,
                norm);
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Learned(context), 1,
                config.positive("type_vocab_size", 2), norm), 0).with(new Embedding.Factors(width, false));
        Head.Transform transform = new Head.Transform.Dense(activation, norm, Bias.ALL, OptionalInt.of(width));
        return new ModelSpec("albert", config.positive("vocab_size", 30_000), hidden, context, embedding,
                AlbertLayers.of(config, layers), new Norm.None(),
                Standard.maskedHead(config, transform, Bias.ALL, "AlbertForMaskedLM", "AlbertForPreTraining"));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return AlbertNames.source(spec, p);
    }

    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) {
        return SequenceClassifier.ofFirstToken(labels, outcome);
    }

    /// The pooler and the sentence-order head are for other tasks.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.matches("(albert\\.)?(pooler\\.(weight|bias)|embeddings\\.position_ids)")
                || name.startsWith("sop_classifier.") || name.equals("predictions." + BertNames.unusedBias(spec))
                || name.startsWith("predictions.") && spec.head().matrix() == Head.Matrix.ABSENT;
    }
}
