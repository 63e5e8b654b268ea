package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.DebertaNames;
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

/// DeBERTa, V2 and V3 (https://arxiv.org/abs/2006.03654, https://arxiv.org/abs/2111.09543): BERT with disentangled
/// attention instead of absolute positions. Checked against the classes `DebertaForMaskedLM` and
/// `DebertaV2ForMaskedLM`.
final class Deberta implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("deberta-v2", "deberta");
    }

    @Override
    public ModelSpec spec(Config stored) throws CheckpointException {
        Config config = DebertaAttention.complete(stored);
        int hidden = config.positive("hidden_size");
        int heads = config.positive("num_attention_heads");
        int context = config.positive("max_position_embeddings", 512);
        int headSize = AttentionConfig.headSize(config.without("head_dim"), 0);
        DebertaAttention.same(config, "attention_head_size", headSize);
        DebertaAttention.same(config, "embedding_size", hidden);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-7));
        Activation activation = Activations.read(config, "hidden_act", "gelu");
        BertLayers layers = new BertLayers(heads, headSize, config.positive("intermediate_size"), activation, norm);
        Embedding embedding = Padding.read(config, new Embedding(config.flag("position_biased_input", true)
                ? new Positions.Learned(context) : new Positions.None(), 1,
                Numbers.count(config, "type_vocab_size", 0), norm), 0);
        boolean isLegacy = config.flag("legacy", true);
        Head head = Standard.maskedHead(config, new Head.Transform.Dense(activation, norm, Bias.ALL), Bias.ALL,
                "DebertaV2ForMaskedLM", "DebertaForMaskedLM");
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), hidden, context, embedding,
                DebertaAttention.layers(config, layers, context), norm,
                isLegacy || head.matrix() == Head.Matrix.ABSENT ? head : head.with(Head.Matrix.TIED));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DebertaNames.source(spec, p);
    }

    /// The pooler has another activation than BERT's.
    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) throws CheckpointException {
        if (config.has("pooler_hidden_size")) {
            DebertaAttention.same(config, "pooler_hidden_size",
                    DebertaAttention.complete(config).positive("hidden_size"));
        }
        return Head.classifier(new Classes(labels, Classes.Pool.FIRST, outcome), new Head.Transform.Dense(
                Activations.read(config, "pooler_hidden_act", "gelu"), new Norm.None(), Bias.ALL), true);
    }

    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return DebertaNames.ignores(spec, name);
    }
}
