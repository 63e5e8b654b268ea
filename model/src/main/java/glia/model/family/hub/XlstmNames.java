package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.MatrixMemory;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of the tensors of xLSTM on the hub.
public final class XlstmNames {
    private XlstmNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(switch (p.role()) {
                case EMBEDDING -> "backbone.embeddings.weight";
                case FINAL_WEIGHT -> "backbone.out_norm.weight";
                case HEAD -> "lm_head.weight";
                default -> throw StandardNames.unknown(p);
            });
        }
        String block = "backbone.blocks." + spec.sublayer(p).layer() + ".";
        return spec.mixer(p.place()) instanceof MatrixMemory m ? memory(m, p, block)
                : mlp((GatedMlp) spec.mixer(p.place()), p, block);
    }

    /// Matrices and biases of their own, or rows of fused ones (`weight_mode` "fused").
    private static Source memory(MatrixMemory m, Parameter p, String block) {
        String at = block + "mlstm_layer.";
        int keys = m.numHeads() * m.keySize();
        int values = m.valuesSize();
        String end = p.role().name().endsWith("_BIAS") ? "bias" : "weight";
        String fused = at + "qkv_opreact." + end;
        int all = 2 * (keys + values);
        return switch (p.role()) {
            case BEFORE_WEIGHT, BEFORE_BIAS -> new Source.Stored(block + "norm_mlstm." + end);
            case QUERY, QUERY_BIAS -> either(at + "q." + end, fused, 0, keys, all);
            case KEY, KEY_BIAS -> either(at + "k." + end, fused, keys, keys, all);
            case VALUE, VALUE_BIAS -> either(at + "v." + end, fused, 2 * keys, values, all);
            case GATE, GATE_BIAS -> either(at + "ogate_preact." + end, fused, 2 * keys + values, values, all);
            case INPUT_GATE, INPUT_GATE_BIAS -> gate(m, at, "igate_preact." + end, 0);
            case FORGET_GATE, FORGET_GATE_BIAS -> gate(m, at, "fgate_preact." + end, 1);
            case GATED_NORM, GATED_NORM_BIAS -> new Source.Stored(at + "multihead_norm." + end);
            case OUTPUT, OUTPUT_BIAS -> new Source.Stored(at + "out_proj." + end);
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source gate(MatrixMemory m, String at, String name, int which) {
        return either(at + name, at + name.replaceFirst("^[if]gate", "ifgate"), which * m.numHeads(), m.numHeads(),
                2 * m.numHeads());
    }

    private static Source mlp(GatedMlp mlp, Parameter p, String block) {
        int width = mlp.intermediateSize();
        String end = p.role().name().endsWith("_BIAS") ? "bias" : "weight";
        String fused = block + "ffn.proj_up_gate_z." + end;
        return switch (p.role()) {
            case BEFORE_WEIGHT, BEFORE_BIAS -> new Source.Stored(block + "norm_ffn." + end);
            case GATE, GATE_BIAS -> either(block + "ffn.proj_up_gate." + end, fused, 0, width, 2 * width);
            case UP, UP_BIAS -> either(block + "ffn.proj_up." + end, fused, width, width, 2 * width);
            case DOWN, DOWN_BIAS -> new Source.Stored(block + "ffn.proj_down." + end);
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source either(String own, String fused, int from, int count, int total) {
        return new Source.Either(new Source.Stored(own), StateSpaceNames.rows(fused, from, count, total));
    }
}
