package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;

/// The names of LongCat-Flash's tensors on the hub.
public final class LongcatNames {
    private static final ExpertNames EXPERTS = ExpertNames.of("mlp", "router", ExpertNames.Stack.OUTPUTS_FIRST);
    /// The sublayers of a layer: attention, MLP, experts, attention, MLP.
    private static final int SUBLAYERS = 5;

    private LongcatNames() { }

    /// The source of a parameter. A layer has two of each norm, attention and MLP.
    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return StandardNames.source(spec, p);
        }
        if (spec.mixer(p.place()) instanceof Experts) {
            return EXPERTS.source(spec, p, "model.layers." + spec.sublayer(p).layer() + ".").renamed(name ->
                    List.of(name.replace("router.weight", "router.classifier.weight")));
        }
        String which = p.sublayer() % SUBLAYERS < 3 ? ".0." : ".1.";
        return LatentNames.source(spec, p).renamed(name -> List.of(name.replace(".self_attn.", ".self_attn" + which)
                .replace("input_layernorm.", "input_layernorm" + which).replace(".mlp.", ".mlps" + which)
                .replace("post_attention_layernorm.", "post_attention_layernorm" + which)));
    }

    /// Whether a tensor belongs to a multi-token-prediction layer, or is one that the reference does not read either: a
    /// bias of the router, and matrices of experts that return their input.
    public static boolean isUnread(ModelSpec spec, String name) {
        String[] parts = name.split("\\.");
        return name.startsWith("model.mtp.") || name.endsWith(".mlp.router.classifier.bias")
                || name.matches("model\\.layers\\.\\d+\\.mlp\\.experts\\.\\d{1,6}\\..*")
                && Integer.parseInt(parts[5]) >= ((Experts) spec.sublayers().get(2).mixer()).numExperts();
    }
}
