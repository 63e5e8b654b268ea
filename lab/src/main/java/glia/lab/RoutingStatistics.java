package glia.lab;

import glia.engine.Engine;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedExperts;
import glia.tensor.ops.expert.Routing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How often each expert is chosen, layer by layer: the load balance of a mixture of experts
/// ([Switch Transformers](https://arxiv.org/abs/2101.03961)).
///
/// @param layers the layers with experts, in order
public record RoutingStatistics(List<Layer> layers) {
    /// A layer with experts.
    ///
    /// @param layer its number in the checkpoint
    /// @param counts how often each expert was chosen
    public record Layer(int layer, long[] counts) {
        /// All choices: tokens times experts a token.
        public long numChoices() {
            return Arrays.stream(counts).sum();
        }

        /// The fraction of choices of an expert.
        public double share(int expert) {
            return numChoices() == 0 ? 0 : (double) counts[expert] / numChoices();
        }

        /// The entropy of the fractions in bits: 0 if one expert has all, `log₂ X` if all X have the same.
        public double entropy() {
            double sum = 0;
            for (int e = 0; e < counts.length; e++) {
                double share = share(e);
                sum -= share == 0 ? 0 : share * Math.log(share) / Math.log(2);
            }
            return sum;
        }

        /// The count of the most chosen expert relative to the mean: 1 if all have the same.
        public double imbalance() {
            return numChoices() == 0 ? 1 : share(mostChosen()) * counts.length;
        }

        /// The most chosen expert, the first of equal ones.
        public int mostChosen() {
            int most = 0;
            for (int e = 1; e < counts.length; e++) {
                most = counts[e] > counts[most] ? e : most;
            }
            return most;
        }

        /// The number of experts that were never chosen.
        public int numUnused() {
            return (int) Arrays.stream(counts).filter(count -> count == 0).count();
        }
    }

    public RoutingStatistics {
        layers = List.copyOf(layers);
    }

    /// The statistics of one pass over a text.
    public static RoutingStatistics of(Engine engine, int[] tokens) {
        return during(engine, () -> engine.read(new Pass().add(tokens, 0, tokens.length, 0, Outputs.LAST)));
    }

    /// The statistics of all passes that `passes` runs.
    public static RoutingStatistics during(Engine engine, Runnable passes) {
        List<Layer> layers = layers(engine.model().spec());
        int[] next = {0};
        engine.ops().watch(operation -> {
            if (operation instanceof Routing routing) {
                long[] counts = layers.get(next[0]).counts;
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

    private static List<Layer> layers(ModelSpec spec) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < spec.sublayers().size(); i++) {
            for (Mixer mixer : spec.mixers(i)) {
                int layer = spec.sublayers().get(i).layer();
                if (mixer instanceof Experts e) {
                    layers.add(new Layer(layer, new long[e.numExperts()]));
                } else if (mixer instanceof NormedExperts n) {
                    layers.add(new Layer(layer, new long[n.experts().numExperts()]));
                }
            }
        }
        return layers;
    }
}
