package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Conformer;
import glia.model.spec.DisentangledAttention;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;

/// The names of DeBERTa's tensors on the hub.
public final class DebertaNames {
    private static final String LEGACY = "cls.predictions.";

    private DebertaNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Conformer.EmbeddingConvolution c) {
            return convolution(c, spec.hiddenSize(), p);
        }
        if (followsConvolution(spec, p)) {
            return stored("encoder.conv.LayerNorm" + end(p));
        }
        return switch (p.role()) {
            case DISTANCES -> stored("encoder.rel_embeddings.weight");
            case DISTANCES_NORM_WEIGHT, DISTANCES_NORM_BIAS -> stored("encoder.LayerNorm" + end(p));
            case QUERY, KEY, VALUE -> spec.modelType().equals("deberta")
                    ? Fused.byHead(other(spec, p), p, spec.hiddenSize() / heads(spec)) : other(spec, p);
            default -> other(spec, p);
        };
    }

    private static int heads(ModelSpec spec) {
        return spec.sublayers().getFirst().mixer() instanceof DisentangledAttention a ? a.numHeads()
                : ((Attention) spec.sublayers().getFirst().mixer()).numHeads();
    }

    private static Source convolution(Conformer.EmbeddingConvolution c, long hidden, Parameter p) {
        long inputs = hidden / c.groups();
        return switch (p.role()) {
            case CONVOLUTION -> new Source.Shaped(stored("encoder.conv.conv.weight"),
                    List.of(hidden, inputs * c.kernel()), List.of(hidden, inputs, (long) c.kernel()));
            case CONVOLUTION_BIAS -> stored("encoder.conv.conv.bias");
            default -> stored("encoder.layer.0.output.LayerNorm" + end(p));
        };
    }

    private static boolean followsConvolution(ModelSpec spec, Parameter p) {
        int before = (p.sublayer() < 0 ? spec.sublayers().size() : p.sublayer()) - 1;
        boolean isNorm = switch (p.role()) {
            case FINAL_WEIGHT, FINAL_BIAS, BEFORE_WEIGHT, BEFORE_BIAS -> true;
            default -> false;
        };
        return isNorm && before >= 0 && spec.sublayers().get(before).mixer() instanceof Conformer.EmbeddingConvolution;
    }

    private static String end(Parameter p) {
        return p.role().name().endsWith("BIAS") ? ".bias" : ".weight";
    }

    private static Source other(ModelSpec spec, Parameter p) {
        String self = "attention\\.self\\.";
        Source named = spec.modelType().equals("deberta")
                ? BertNames.renamed(spec, p, self + "(query|key|value)\\.weight", "attention.self.in_proj.weight",
                        self + "([qv])(uery|alue)\\.bias", "attention.self.$1_bias", self + "pos_query\\.",
                        "attention.self.pos_q_proj.", self + "pos_key\\.", "attention.self.pos_proj.")
                : BertNames.renamed(spec, p, self + "(query|key|value|pos_query|pos_key)\\.",
                        "attention.self.$1_proj.");
        return named.renamed(name -> heads(name.replaceFirst("^bert\\.pooler\\.", "pooler.")
                .replaceFirst("^bert\\.", "deberta.")));
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
