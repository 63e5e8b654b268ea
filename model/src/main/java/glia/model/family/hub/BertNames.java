package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;

/// The names of BERT's tensors on the hub.
public final class BertNames {
    private BertNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        String name = p.sublayer() >= 0 ? inLayer(spec, p)
                : spec.head().classes().isPresent() ? classifier(spec, p) : global(spec, p);
        // A model without a head has no prefix; the first files called the weights of norms gamma and beta.
        String old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        return new Source.Stored(name, old, name.replaceFirst("^bert\\.", ""), old.replaceFirst("^bert\\.", ""));
    }

    /// The names of a model that is built like BERT, which differ by patterns.
    ///
    /// @param replaced regular expressions, each followed by its replacement, applied in this order
    public static Source renamed(ModelSpec spec, Parameter p, String... replaced) {
        return source(spec, p).renamed(name -> {
            String other = name;
            for (int i = 0; i < replaced.length; i += 2) {
                other = other.replaceFirst(replaced[i], replaced[i + 1]);
            }
            return List.of(other);
        });
    }

    /// The name of the bias of a masked language model's head that is not used: there are two, one of them a copy if
    /// the head is tied.
    public static String unusedBias(ModelSpec spec) {
        return spec.head().matrix() == Head.Matrix.TIED ? "decoder.bias" : "bias";
    }

    private static String classifier(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case TRANSFORM -> "bert.pooler.dense.weight";
            case TRANSFORM_BIAS -> "bert.pooler.dense.bias";
            case HEAD -> "classifier.weight";
            case HEAD_BIAS -> "classifier.bias";
            default -> global(spec, p);
        };
    }

    private static String global(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "bert.embeddings.word_embeddings.weight";
            case POSITIONS -> "bert.embeddings.position_embeddings.weight";
            case SEGMENTS -> "bert.embeddings.token_type_embeddings.weight";
            case EMBEDDING_NORM_WEIGHT -> "bert.embeddings.LayerNorm.weight";
            case EMBEDDING_NORM_BIAS -> "bert.embeddings.LayerNorm.bias";
            case EMBEDDING_PROJECTION -> "bert.embeddings_project.weight";
            case EMBEDDING_PROJECTION_BIAS -> "bert.embeddings_project.bias";
            case FINAL_WEIGHT -> layer(spec.numLayers() - 1) + "output.LayerNorm.weight";
            case FINAL_BIAS -> layer(spec.numLayers() - 1) + "output.LayerNorm.bias";
            case TRANSFORM -> "cls.predictions.transform.dense.weight";
            case TRANSFORM_BIAS -> "cls.predictions.transform.dense.bias";
            case TRANSFORM_NORM_WEIGHT -> "cls.predictions.transform.LayerNorm.weight";
            case TRANSFORM_NORM_BIAS -> "cls.predictions.transform.LayerNorm.bias";
            case HEAD -> "cls.predictions.decoder.weight";
            case HEAD_BIAS -> spec.head().matrix() == Head.Matrix.TIED ? "cls.predictions.bias"
                    : "cls.predictions.decoder.bias";
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String layer(int layer) {
        return "bert.encoder.layer." + layer + ".";
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        boolean attention = !(spec.mixer(p.place()) instanceof Mlp);
        int number = spec.sublayer(p).layer();
        String layer = layer(number);
        String before = attention ? layer(number - 1) + "output" : layer + "attention.output";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> before + ".LayerNorm.weight";
            case BEFORE_BIAS -> before + ".LayerNorm.bias";
            case QUERY -> layer + "attention.self.query.weight";
            case QUERY_BIAS -> layer + "attention.self.query.bias";
            case KEY -> layer + "attention.self.key.weight";
            case KEY_BIAS -> layer + "attention.self.key.bias";
            case VALUE -> layer + "attention.self.value.weight";
            case VALUE_BIAS -> layer + "attention.self.value.bias";
            case POSITION_QUERY -> layer + "attention.self.pos_query.weight";
            case POSITION_QUERY_BIAS -> layer + "attention.self.pos_query.bias";
            case POSITION_KEY -> layer + "attention.self.pos_key.weight";
            case POSITION_KEY_BIAS -> layer + "attention.self.pos_key.bias";
            case OUTPUT -> layer + "attention.output.dense.weight";
            case OUTPUT_BIAS -> layer + "attention.output.dense.bias";
            case UP -> layer + "intermediate.dense.weight";
            case UP_BIAS -> layer + "intermediate.dense.bias";
            case DOWN -> layer + "output.dense.weight";
            case DOWN_BIAS -> layer + "output.dense.bias";
            default -> throw StandardNames.unknown(p);
        };
    }
}
