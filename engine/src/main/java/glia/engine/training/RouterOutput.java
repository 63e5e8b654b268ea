package glia.engine.training;

import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.spec.Place;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import glia.tensor.ops.expert.Routing;
import java.util.Arrays;
import java.util.List;

/// What the router of one layer of experts did with the N tokens of a batch.
///
/// @param place the mixer in the model
/// @param layer the number of its layer in the checkpoint
/// @param logits the router's logits, `[N, X]`, from which losses may be computed
/// @param routing the rule and the chosen experts
/// @param sequences the sequence of each token, from 0
public record RouterOutput(Place place, int layer, Value logits, Routing routing, int[] sequences) {
    /// The outputs of the routers of a pass, in the order of the layers.
    static List<RouterOutput> of(Ops ops, Decoder decoder, Pass pass) {
        Runs runs = pass.runs();
        int[] sequences = new int[runs.numTokens()];
        for (int i = 0; i < runs.count(); i++) {
            Arrays.fill(sequences, runs.start(i), runs.end(i), i);
        }
        return pass.routed().stream().map(r -> new RouterOutput(r.place(), decoder.layer(r.place()),
                new Value(ops, r.logits()), r.routing(), sequences)).toList();
    }

    /// N.
    public int numTokens() {
        return routing.numTokens();
    }

    /// X.
    public int numExperts() {
        return routing.numExperts();
    }

    /// How often each expert was chosen. The mixtures drop no token: the sum is N times the experts of a token.
    public long[] counts() {
        long[] counts = new long[numExperts()];
        for (int expert : routing.chosen()) {
            counts[expert]++;
        }
        return counts;
    }
}
