package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
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
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;

/// RoBERTa (https://arxiv.org/abs/1907.11692) and its multilingual and French forms, XLM-RoBERTa and CamemBERT: BERT
/// with positions that are counted from behind the padding token on. Checked against the class `RobertaForMaskedLM`.
final class Roberta implements Family {
    private static final int PADDING = 1;

    @Override
    public List<String> modelTypes() {
        return List.of("roberta", "xlm-roberta", "camembert");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "is_decoder", "add_cross_attention");
        Standard.only(config, "position_embedding_type", "absolute");
        int hidden = config.positive("hidden_size", 768);
        int padding = config.integer("pad_token_id", PADDING);
        int context = config.positive("max_position_embeddings", 512) - padding - 1;
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-12));
        Activation activation = Activations.read(config, "hidden_act", "gelu");
        int heads = config.positive("num_attention_heads", 12);
        BertLayers layers = new BertLayers(heads, AttentionConfig.headSize(config.with("hidden_size", hidden)
                .with("num_attention_heads", heads), 0), config.positive("intermediate_size", 3072), activation, norm);
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Counted(context, padding), 1,
                config.positive("type_vocab_size", 2), norm), PADDING);
        // Its head always has GELU.
        Head.Transform transform = new Head.Transform.Dense(Activation.GELU, norm, Bias.ALL);
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), hidden, context, embedding,
                layers.of(Numbers.layers(config, "num_hidden_layers")), norm, Standard.maskedHead(config, transform,
                        Bias.ALL, "RobertaForMaskedLM", "XLMRobertaForMaskedLM", "CamembertForMaskedLM"));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BertNames.renamed(spec, p, "^bert\\.pooler\\.dense", "classifier.dense", "^classifier\\.(weight|bias)$",
                "classifier.out_proj.$1", "^bert\\.", "roberta.", "^cls\\.predictions\\.transform\\.dense",
                "lm_head.dense", "^cls\\.predictions\\.transform\\.LayerNorm", "lm_head.layer_norm",
                "^cls\\.predictions\\.", "lm_head.");
    }

    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) {
        return SequenceClassifier.ofFirstToken(labels, outcome);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new BertGguf());
    }

    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.matches("(roberta\\.)?(pooler\\.dense\\.(weight|bias)|embeddings\\.position_ids)")
                || name.equals("lm_head." + BertNames.unusedBias(spec))
                || name.startsWith("lm_head.") && spec.head().matrix() == Head.Matrix.ABSENT;
    }
}
