package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of ALBERT's tensors on the hub: each group of layers is stored once.
public final class AlbertNames {
    private AlbertNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        String name = p.sublayer() < 0 ? global(spec, p) : inLayer(spec, p);
        return new Source.Stored(name, name.replaceFirst("^albert\\.", ""));
    }


    private static String global(ModelSpec spec, Parameter p) {
        boolean classifies = spec.head().classes().isPresent();
        return switch (p.role()) {
            case EMBEDDING -> "albert.embeddings.word_embeddings.weight";
            case POSITIONS -> "albert.embeddings.position_embeddings.weight";
            case SEGMENTS -> "albert.embeddings.token_type_embeddings.weight";
            case EMBEDDING_NORM_WEIGHT -> "albert.embeddings.LayerNorm.weight";
            case EMBEDDING_NORM_BIAS -> "albert.embeddings.LayerNorm.bias";
            case EMBEDDING_PROJECTION -> "albert.encoder.embedding_hidden_mapping_in.weight";
            case EMBEDDING_PROJECTION_BIAS -> "albert.encoder.embedding_hidden_mapping_in.bias";
            case TRANSFORM -> classifies ? "albert.pooler.weight" : "predictions.dense.weight";
            case TRANSFORM_BIAS -> classifies ? "albert.pooler.bias" : "predictions.dense.bias";
            case TRANSFORM_NORM_WEIGHT -> "predictions.LayerNorm.weight";
            case TRANSFORM_NORM_BIAS -> "predictions.LayerNorm.bias";
            case HEAD -> classifies ? "classifier.weight" : "predictions.decoder.weight";
            case HEAD_BIAS -> classifies ? "classifier.bias" : spec.head().matrix() == Head.Matrix.TIED
                    ? "predictions.bias" : "predictions.decoder.bias";
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        int inner = (int) spec.sublayers().stream().filter(s -> s.layer() == 0).count() / 2;
        int own = (int) spec.sublayers().subList(0, p.sublayer()).stream().filter(s -> s.sharedWith().isEmpty())
                .count() / 2;
        String layer = "albert.encoder.albert_layer_groups." + own / inner + ".albert_layers." + own % inner + ".";
        boolean attends = spec.mixer(p.place()) instanceof Attention;
        return layer + switch (p.role()) {
            case QUERY -> "attention.query.weight";
            case QUERY_BIAS -> "attention.query.bias";
            case KEY -> "attention.key.weight";
            case KEY_BIAS -> "attention.key.bias";
            case VALUE -> "attention.value.weight";
            case VALUE_BIAS -> "attention.value.bias";
            case OUTPUT -> "attention.dense.weight";
            case OUTPUT_BIAS -> "attention.dense.bias";
            case AFTER_WEIGHT -> (attends ? "attention.LayerNorm" : "full_layer_layer_norm") + ".weight";
            case AFTER_BIAS -> (attends ? "attention.LayerNorm" : "full_layer_layer_norm") + ".bias";
            case UP -> "ffn.weight";
            case UP_BIAS -> "ffn.bias";
            case DOWN -> "ffn_output.weight";
            case DOWN_BIAS -> "ffn_output.bias";
            default -> throw StandardNames.unknown(p);
        };
    }
}
