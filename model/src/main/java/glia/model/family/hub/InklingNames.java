package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.BiasedAttention;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import java.util.List;

/// The names of Inkling 2's published files.
public final class InklingNames {
    private static final String ROOT = "model.llm.";

    private InklingNames() { }

    /// The source of a parameter.
    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> new Source.Stored(ROOT + "embed.weight");
                case EMBEDDING_NORM_WEIGHT -> new Source.Stored(ROOT + "embed_norm.weight");
                case MIX_QUERY -> new Source.Stored(ROOT + "attn_res.output_query");
                case FINAL_WEIGHT -> new Source.Stored(ROOT + "norm.weight");
                case HEAD -> padded(spec, new Source.Stored(ROOT + "unembed.weight"));
                default -> throw StandardNames.unknown(p);
            };
        }
        Sublayer s = spec.sublayer(p);
        Mixer mixer = ((Mixer.Convolved) s.mixer()).mixer();
        String layer = ROOT + "layers." + s.layer() + ".";
        return switch (p.role()) {
            case MIX_QUERY -> new Source.Stored(ROOT + "attn_res." + (mixer instanceof Experts
                    ? "mlp_queries." + s.layer() : "attn_queries." + (s.layer() - 1)));
            case MESSAGE_QUERY -> message(spec, s.layer(), mixer instanceof Experts ? 3 : p.expert());
            case MESSAGE_LATENT -> gate(layer, mixer, p, "down_weight");
            case MESSAGE_FORGET -> gate(layer, mixer, p, "forget_weight");
            case MESSAGE_GAIN -> gate(layer, mixer, p, "gain_weight");
            default -> mixer instanceof BiasedAttention a ? attention(a, layer, p)
                    : experts((Experts) mixer, layer, p);
        };
    }

    /// The first rows, those of the vocabulary.
    private static Source padded(ModelSpec spec, Source all) {
        int unused = spec.embedding().unusedRows();
        return unused == 0 ? all : new Source.Rows(all, 0, spec.vocabSize(), spec.vocabSize() + unused);
    }

    /// @param which the message to queries, keys, values or experts: 0 to 3
    private static Source message(ModelSpec spec, int layer, int which) {
        List<Integer> looped = spec.sublayers().stream().filter(s -> s.residual() instanceof Residual.Blocks b
                && b.loop().isPresent()).map(Sublayer::layer).distinct().toList();
        boolean isSecond = which == 2 || which == 3;
        return new Source.Rows(new Source.Stored(ROOT + (which == 0 || which == 3 ? "middle_cycle_cross_pass_queries"
                : "middle_cycle_cross_pass_kv_queries")), 2 * looped.indexOf(layer) + (isSecond ? 1 : 0), 1,
                2 * looped.size());
    }

    private static Source gate(String layer, Mixer mixer, Parameter p, String name) {
        String input = mixer instanceof Experts ? "mlp" : List.of("attn", "k", "v").get(p.expert());
        return new Source.Stored(layer + "controllers." + input + "." + name);
    }

    private static Source attention(BiasedAttention a, String layer, Parameter p) {
        boolean isFull = a.full().isPresent();
        String convolution = isFull ? "_sconv.static_w" : "_sconv.weight";
        String name = switch (p.role()) {
            case QUERY_INPUT_NORM -> isFull ? "q_input_norm.weight" : "attn_norm.weight";
            case KEY_INPUT_NORM -> "k_input_norm.weight";
            case VALUE_INPUT_NORM -> "v_input_norm.weight";
            case QUERY -> "attn.wq_du.weight";
            case QUERY_SCALE -> "attn.q_l2_clip.scale";
            case KEY -> "attn.wk_dv.weight";
            case KEY_CONVOLUTION -> "attn.k" + convolution;
            case KEY_TAPS -> "attn.k_sconv.weight_proj";
            case VALUE -> "attn.wv_dv.weight";
            case VALUE_CONVOLUTION -> "attn.v" + convolution;
            case VALUE_TAPS -> "attn.v_sconv.weight_proj";
            case DISTANCE_QUERY -> "attn.wr_du.weight";
            case DISTANCE_SCALE -> "attn.rel_l2_clip.scale";
            case DISTANCES -> "attn.rel_logits_proj.proj";
            case SINKS -> "attn.attn_sink_proj.weight";
            case ATTENTION_GATE -> "attn.gate_attn.weight";
            case OUTPUT -> "attn.wo_ud.weight";
            case CONVOLUTION -> "attn_sconv.weight";
            default -> throw StandardNames.unknown(p);
        };
        Source stored = new Source.Stored(layer + name);
        return name.endsWith(".proj") ? new Source.Transposed(stored) : stored;
    }

    /// Gates and ups are interleaved.
    private static Source experts(Experts experts, String layer, Parameter p) {
        String at = layer + "mlp.";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + "mlp_norm.weight");
            case ROUTER -> new Source.Stored(at + "gate.weight");
            case ROUTER_CORRECTION -> new Source.Stored(at + "gate.bias");
            case GATE -> new Source.Every(expert(experts, at + "experts.w13_weight", p), 0, 1, 2);
            case UP -> new Source.Every(expert(experts, at + "experts.w13_weight", p), 1, 1, 2);
            case DOWN -> expert(experts, at + "experts.w2_weight", p);
            case CONVOLUTION -> new Source.Stored(layer + "mlp_sconv.weight");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source expert(Experts experts, String name, Parameter p) {
        return new Source.Slice(new Source.Stored(name), p.expert(), experts.numExperts());
    }
}
