package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation.Inputs;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// Experts of which each rank has some, for tokens that all ranks have, without gradients: a rank computes the rows of
/// its experts, and all get the results of all. An expert sees the rows that it would see on one rank.
///
/// Each of P ranks sends `(P - 1) · 4 · D` bytes for each row of its experts.
final class GatheredExperts implements ExpertMlp.Maps {
    private final RankGroup ranks;
    private final ExpertRows rows;
    private final int numExperts;

    GatheredExperts(RankGroup ranks, ExpertMlp.Experts experts) {
        this.ranks = ranks;
        rows = new ExpertRows(experts);
        numExperts = experts.up().weights().size();
    }

    @Override
    public boolean readsOneRow() {
        return true;
    }

    @Override
    public void inputs(Inputs inputs) {
        rows.inputs(inputs);
    }

    @Override
    public void forEachInput(ExpertMlp.InputListener listener) {
        rows.forEachInput(listener);
    }

    @Override
    public void forward(Compute ops, ExpertMlp.Groups groups, Tensor input, Tensor output) {
        int[] starts = new int[ranks.size() + 1];
        int first = 0;
        int count = 0;
        for (int p = 0, group = 0; p < ranks.size(); p++) {
            starts[p] = groups.starts()[group];
            int before = group;
            while (group < groups.count() && groups.experts()[group] < (p + 1) * numExperts / ranks.size()) {
                group++;
            }
            if (p == ranks.rank()) {
                first = before;
                count = group - before;
            }
        }
        starts[ranks.size()] = groups.starts()[groups.count()];
        int from = groups.starts()[first];
        int to = groups.starts()[first + count];
        if (to > from) {
            boolean isOneRow = input.rows() < output.rows();
            rows.forward(ops, new ExpertMlp.Groups(Arrays.copyOfRange(groups.experts(), first, first + count),
                    Arrays.stream(groups.starts(), first, first + count + 1).map(s -> s - from).toArray(), count),
                    isOneRow ? input : input.rows(from, to), output.rows(from, to));
        }
        ranks.allGather(ExpertExchange.slices(output, starts));
        output.changed();
    }

    @Override
    public void backward(Tape tape, Tensor doutput, Tensor dinput, boolean needsInput) {
        throw new UnsupportedOperationException("experts of ranks without gradients");
    }
}
