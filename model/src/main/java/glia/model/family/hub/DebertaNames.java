package glia.model.family.hub;

import glia.model.spec.DisentangledAttention;
import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;

/// The names of DeBERTa's tensors on the hub.
public final class DebertaNames {
    private static final String LEGACY = "cls.predictions.";

    private DebertaNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case DISTANCES -> stored("encoder.rel_embeddings.weight");
            case DISTANCES_NORM_WEIGHT -> stored("encoder.LayerNorm.weight");
            case DISTANCES_NORM_BIAS -> stored("encoder.LayerNorm.bias");
            default -> BertNames.renamed(spec, p, "^bert\\.pooler\\.", "pooler.", "^bert\\.", "deberta.",
                    "attention\\.self\\.(query|key|value|pos_query|pos_key)\\.", "attention.self.$1_proj.")
                    .renamed(DebertaNames::heads);
        };
    }

    /// The head of a masked language model, or that of V3's own files.
    private static List<String> heads(String name) {
        return name.startsWith(LEGACY) ? List.of(name, name.replaceFirst("^cls\\.predictions\\.(transform\\.)?",
                "lm_predictions.lm_head.")) : List.of(name);
    }

    private static Source stored(String name) {
        return new Source.Stored("deberta." + name, name);
    }

    /// Heads of the training that no class reads, and tables of relative positions that are not used.
    public static boolean ignores(ModelSpec spec, String name) {
        return name.matches("(deberta\\.)?embeddings\\.(position_ids|position_embeddings\\.weight)")
                || name.matches("(deberta\\.)?encoder\\.(rel_embeddings\\.weight|LayerNorm\\.(weight|bias))")
                        && !(spec.sublayers().getFirst().mixer() instanceof DisentangledAttention)
                || name.startsWith("mask_predictions.") || name.startsWith("lm_predictions.")
                || name.equals("cls.predictions." + BertNames.unusedBias(spec))
                || name.matches("(cls|pooler)\\..*") && spec.head().matrix() == Head.Matrix.ABSENT;
    }
}
