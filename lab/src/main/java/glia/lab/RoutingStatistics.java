package glia.lab;

import glia.engine.inspect.ExpertLoad;
import glia.engine.pass.Engine;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.spec.CompressedExperts;
import glia.model.spec.ExpertAttention;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.tensor.ops.expert.Routing;
import java.util.ArrayList;
import java.util.List;

/// How often each expert is chosen, layer by layer: the load balance of a mixture of experts
/// ([Switch Transformers](https://arxiv.org/abs/2101.03961)).
///
/// @param layers the layers with experts, in order
public record RoutingStatistics(List<ExpertLoad> layers) {
    public RoutingStatistics {
        layers = List.copyOf(layers);
    }

    /// The statistics of one pass over a text.
    public static RoutingStatistics of(Engine engine, int[] tokens) {
        Pass pass = new Pass().add(tokens, 0, tokens.length, 0, Outputs.LAST);
        return during(engine, () -> engine.read(pass, logits -> null));
    }

    /// The statistics of all passes that `passes` runs.
    public static RoutingStatistics during(Engine engine, Runnable passes) {
        List<ExpertLoad> layers = layers(engine.model().spec());
        int[] next = {0};
        engine.ops().watch(operation -> {
            if (operation instanceof Routing routing) {
                long[] counts = layers.get(next[0]).counts();
                for (int expert : routing.chosen()) {
                    counts[expert]++;
                }
                next[0] = (next[0] + 1) % layers.size();
            }
        });
        try {
            passes.run();
        } finally {
            engine.ops().watch(operation -> { });
        }
        return new RoutingStatistics(layers);
    }

    private static List<ExpertLoad> layers(ModelSpec spec) {
        List<ExpertLoad> layers = new ArrayList<>();
        for (int i = 0; i < spec.sublayers().size(); i++) {
            for (Mixer mixer : spec.mixers(i)) {
                int layer = spec.sublayers().get(i).layer();
                if (mixer instanceof Experts e) {
                    layers.add(new ExpertLoad(layer, new long[e.numChoices()]));
                } else if (mixer instanceof NormedExperts n) {
                    layers.add(new ExpertLoad(layer, new long[n.experts().numExperts()]));
                } else if (mixer instanceof CompressedExperts c) {
                    layers.add(new ExpertLoad(layer, new long[c.experts().numExperts()]));
                } else if (mixer instanceof ExpertAttention a) {
                    layers.add(new ExpertLoad(layer, new long[a.numExperts()]));
                }
            }
        }
        return layers;
    }
}
