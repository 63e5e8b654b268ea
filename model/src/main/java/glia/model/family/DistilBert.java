package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.gguf.BertGguf;
import glia.model.family.hub.BertNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Classes;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;

/// DistilBERT (https://arxiv.org/abs/1910.01108): BERT without segments and pooler. Checked against the class
/// `DistilBertForMaskedLM`. Sinusoidal positions are stored like learned ones.
final class DistilBert implements Family {
    private static final float EPSILON = 1e-12f;

    @Override
    public List<String> modelTypes() {
        return List.of("distilbert");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("dim", 768);
        int heads = config.positive("n_heads", 12);
        int context = config.positive("max_position_embeddings", 512);
        int numLayers = config.positive("n_layers", 6);
        NumberRange.LAYERS.require("n_layers", numLayers);
        Norm norm = new Norm.Layer(EPSILON);
        Activation activation = Activations.read(config, "activation", "gelu");
        int headSize = AttentionConfig.headSize(config.with("hidden_size", hidden).with("num_attention_heads", heads)
                .without("head_dim"), 0);
        BertLayers layers = new BertLayers(heads, headSize, config.positive("hidden_dim", 3072), activation, norm);
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Learned(context), 1, 0, norm), 0);
        Head.Transform transform = new Head.Transform.Dense(activation, norm, Bias.ALL);
        return new ModelSpec("distilbert", config.positive("vocab_size", 30_522), hidden, context, embedding,
                layers.of(numLayers), norm, Standard.maskedHead(config, transform, Bias.ALL, "DistilBertForMaskedLM"));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BertNames.renamed(spec, p, "^bert\\.pooler\\.dense", "pre_classifier",
                "^cls\\.predictions\\.transform\\.dense", "vocab_transform",
                "^cls\\.predictions\\.transform\\.LayerNorm", "vocab_layer_norm",
                "^cls\\.predictions\\.(decoder\\.)?", "vocab_projector.", "^bert\\.", "distilbert.",
                "encoder\\.layer\\.", "transformer.layer.", "attention\\.self\\.(q|k|v)[a-z]+\\.",
                "attention.$1_lin.", "attention\\.output\\.dense", "attention.out_lin",
                "attention\\.output\\.LayerNorm", "sa_layer_norm", "intermediate\\.dense", "ffn.lin1",
                "output\\.dense", "ffn.lin2", "output\\.LayerNorm", "output_layer_norm");
    }

    /// The classifier's hidden layer has ReLU.
    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) {
        return Head.classifier(new Classes(labels, Classes.Pool.FIRST, outcome),
                new Head.Transform.Dense(Activation.RELU, new Norm.None(), Bias.ALL), true);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new BertGguf());
    }

    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.matches("(distilbert\\.)?embeddings\\.position_ids")
                || name.startsWith("vocab_") && spec.head().matrix() == Head.Matrix.ABSENT;
    }
}
