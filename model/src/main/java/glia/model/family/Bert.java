package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.gguf.BertGguf;
import glia.model.layout.GgufForm;
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
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;

/// BERT (https://arxiv.org/abs/1810.04805): a post-norm encoder with learned positions and segments; the norm after a
/// sum is the `before` of the next sublayer. Checked against the class `BertForMaskedLM`; a checkpoint of `BertModel`
/// has no head.
final class Bert implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("bert");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "is_decoder", "add_cross_attention");
        Standard.only(config, "position_embedding_type", "absolute");
        int hidden = config.positive("hidden_size");
        int heads = config.positive("num_attention_heads");
        int headSize = AttentionConfig.headSize(config, 0);
        int context = config.positive("max_position_embeddings", 512);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-12));
        Activation activation = Activations.read(config, "hidden_act", "gelu");
        List<Sublayer> sublayers = new BertLayers(heads, headSize, config.positive("intermediate_size"), activation,
                norm).of(Numbers.layers(config, "num_hidden_layers"));
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Learned(context), 1,
                config.positive("type_vocab_size", 2), norm), 0);
        Head.Transform transform = new Head.Transform.Dense(activation, norm, Bias.ALL);
        return new ModelSpec("bert", config.positive("vocab_size"), hidden, context, embedding, sublayers, norm,
                Standard.maskedHead(config, transform, Bias.ALL, "BertForMaskedLM", "BertForPreTraining"));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BertNames.source(spec, p);
    }

    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) {
        return SequenceClassifier.ofFirstToken(labels, outcome);
    }

    /// The pooler and the next-sentence head are for other tasks.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.matches("(bert\\.)?(pooler\\.dense\\.(weight|bias)|embeddings\\.position_ids)")
                || name.startsWith("cls.seq_relationship.")
                || name.equals("cls.predictions." + BertNames.unusedBias(spec));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new BertGguf());
    }
}
