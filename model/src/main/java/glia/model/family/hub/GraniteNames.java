package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.StateSpaceDual;

/// The names of Granite 4's tensors on the hub. Gate and up are fused, and experts are stacked.
public final class GraniteNames {
    private GraniteNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return StandardNames.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        boolean isNorm = p.role() == Role.BEFORE_WEIGHT;
        return switch (spec.mixer(p.place())) {
            case StateSpaceDual d -> isNorm ? new Source.Stored(layer + "input_layernorm.weight")
                    : StateSpaceNames.source(layer + "mamba.", d, p);
            case Experts e when !isNorm -> experts(e, layer, p);
            case GatedMlp m when !isNorm -> shared(m.intermediateSize(), layer, p);
            default -> StandardNames.source(spec, p);
        };
    }

    private static Source experts(Experts e, String layer, Parameter p) {
        String at = layer + "block_sparse_moe.";
        int width = e.intermediateSize();
        Source both = new Source.Slice(new Source.Stored(at + "input_linear.weight", at + "experts.gate_up_proj"),
                p.expert(), e.numExperts());
        return switch (p.role()) {
            case ROUTER -> new Source.Stored(at + "router.layer.weight", at + "router.weight");
            case GATE -> new Source.Rows(both, 0, width, 2 * width);
            case UP -> new Source.Rows(both, width, width, 2 * width);
            case DOWN -> new Source.Slice(new Source.Stored(at + "output_linear.weight", at + "experts.down_proj"),
                    p.expert(), e.numExperts());
            default -> shared(((Experts.Shared.Plain) e.shared()).intermediateSize(), layer, p);
        };
    }

    private static Source shared(int width, String layer, Parameter p) {
        Source both = new Source.Stored(layer + "shared_mlp.input_linear.weight");
        return switch (p.role()) {
            case GATE, SHARED_GATE -> new Source.Rows(both, 0, width, 2 * width);
            case UP, SHARED_UP -> new Source.Rows(both, width, width, 2 * width);
            case DOWN, SHARED_DOWN -> new Source.Stored(layer + "shared_mlp.output_linear.weight");
            default -> throw StandardNames.unknown(p);
        };
    }
}
