package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.model.layout.Pooling;
import glia.model.layout.Source;
import glia.model.spec.Classes;
import glia.model.spec.Head.Transform;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF form of encoders, which have no head, or that of a classifier: `cls.output`, after the dense layer `cls`
/// where there is one.
interface EncoderGguf extends WrittenGguf {
    /// The scores of a classifier.
    String SCORES = "cls.output.weight";
    /// The layer before them.
    String DENSE = "cls.weight";
    String LABELS = "classifier.output_labels";

    /// The keys of an encoder, with the config's key of the epsilon.
    static List<GgufKey> keys(String epsilon) {
        return GgufKey.join(StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"), List.of(
                GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                StandardGguf.heads("num_attention_heads"),
                GgufKey.real("attention.layer_norm_epsilon", epsilon, GgufFacts::epsilon),
                GgufKey.written("attention.causal", facts -> Optional.of(false)),
                GgufKey.written("pooling_type", facts -> classes(facts).map(c -> Pooling.GGUF_RANK)),
                GgufKey.written(LABELS, facts -> classes(facts).map(Classes::labels))));
    }

    private static Optional<Classes> classes(GgufFacts facts) {
        return facts.spec().head().classes();
    }

    /// Adds the config values without GGUF keys.
    ///
    /// @param name the reference's name of the family, from which the names of its classes are made
    static GgufKeys encoder(GgufKeys keys, String name, Checkpoint checkpoint) throws CheckpointException {
        keys.put("vocab_size", StandardGguf.vocabSize(checkpoint));
        if (!checkpoint.names().contains(SCORES)) {
            return keys.put("architectures", List.of(name + "Model"));
        }
        int size = checkpoint.tensor(SCORES).rows();
        String[] labels = keys.texts(LABELS);
        if (labels.length > 0 && labels.length != size) {
            throw keys.error(SCORES, "has " + size + " rows for " + labels.length + " labels");
        }
        Map<String, Object> byNumber = new LinkedHashMap<>();
        for (int i = 0; i < size; i++) {
            byNumber.put(Integer.toString(i), labels.length > 0 ? labels[i] : "LABEL_" + i);
        }
        return keys.put("architectures", List.of(name + "ForSequenceClassification")).put("id2label", byNumber);
    }

    /// The tensor of a parameter of a classifier; empty for others.
    static Optional<Source> head(Parameter p) {
        return Optional.ofNullable(switch (p.role()) {
            case HEAD -> SCORES;
            case HEAD_BIAS -> "cls.output.bias";
            case TRANSFORM -> DENSE;
            case TRANSFORM_BIAS -> "cls.bias";
            case TRANSFORM_NORM_WEIGHT -> "cls.norm.weight";
            case TRANSFORM_NORM_BIAS -> "cls.norm.bias";
            default -> null;
        }).map(Source.Stored::new);
    }

    /// Heads of masked language models are left out.
    @Override
    default ModelSpec held(ModelSpec spec) {
        return spec.head().classes().isPresent() ? spec : spec.withHead(Head.ABSENT);
    }

    /// llama.cpp's converter leaves out the pooler of BERT's classifiers, and with it its activation.
    @Override
    default ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        Optional<Classes> classes = spec.head().classes();
        return classes.isEmpty() || checkpoint.names().contains(DENSE) ? spec : spec.withHead(Head.classifier(
                classes.get(), Transform.NONE, checkpoint.names().contains("cls.output.bias")));
    }
}
