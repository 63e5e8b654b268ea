package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.ExpertRanks;
import glia.tensor.ops.Operation.Inputs;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Experts of which each rank has some: rows go to the ranks of their experts and results come back, forward and
/// backward. The rows of each rank are multiplied by themselves, and have gradients of their own, so that results have
/// the bits of one process.
///
/// A rank sends X counts of 4 bytes, and then 4 · D bytes for each row whose expert another rank has: to it and back,
/// each forward and backward. A router limited to groups of experts sends a token to few ranks.
final class ExpertExchange implements ExpertMlp.Maps {
    private final ExpertRanks experts;
    private final RankGroup ranks;
    private final int numExperts;
    /// This rank's experts on the rows of each rank.
    private final List<ExpertRows> rows = new ArrayList<>();
    /// The first row for each rank, and the end of the last; and the first row from each.
    private int[] sent;
    private int[] received;

    ExpertExchange(ExpertRanks experts, ExpertMlp.Experts all) {
        this.experts = experts;
        ranks = experts.ranks();
        numExperts = all.up().weights().size();
        for (int source = 0; source < ranks.size(); source++) {
            rows.add(new ExpertRows(new ExpertMlp.Experts(all.form(), own(all.gate(), source), own(all.up(), source),
                    own(all.down(), source))));
        }
    }

    /// This rank's experts for the tokens of a rank.
    private ExpertLinear own(ExpertLinear bank, int source) {
        return new ExpertLinear(own(bank.weights(), source), own(bank.biases(), source));
    }

    private List<Weight> own(List<Weight> all, int source) {
        int count = all.size() / ranks.size();
        return all.subList(count * ranks.rank(), count * (ranks.rank() + 1)).stream()
                .map(w -> experts.bySource().get(w).get(source)).toList();
    }

    @Override
    public boolean readsOneRow() {
        return false;
    }

    @Override
    public void inputs(Inputs inputs) {
        rows.forEach(of -> of.inputs(inputs));
    }

    @Override
    public void forEachInput(ExpertMlp.InputListener listener) {
        rows.forEach(of -> of.forEachInput(listener));
    }

    @Override
    public void forward(Compute ops, ExpertMlp.Groups groups, Tensor input, Tensor output) {
        int own = numExperts / ranks.size();
        Tensor counts = ops.allocate(ranks.size(), own);
        counts.zero();
        for (int i = 0; i < groups.count(); i++) {
            counts.set(groups.experts()[i], groups.starts()[i + 1] - groups.starts()[i]);
        }
        Tensor countsOfRanks = ops.allocate(ranks.size(), own);
        int[] each = starts(1);
        ranks.allToAll(slices(counts, each), slices(countsOfRanks, each));
        sent = starts(counts);
        received = starts(countsOfRanks);
        Tensor in = ops.allocate(received[ranks.size()], input.cols());
        Tensor out = ops.allocate(received[ranks.size()], input.cols());
        ranks.allToAll(slices(input, sent), slices(in, received));
        for (int source = 0; source < ranks.size(); source++) {
            rows.get(source).forward(ops, groups(countsOfRanks, source), rows(in, source), rows(out, source));
        }
        ranks.allToAll(slices(out, received), slices(output, sent));
    }

    @Override
    public void backward(Tape tape, Tensor doutput, Tensor dinput, boolean needsInput) {
        Tensor dout = tape.scratch(received[ranks.size()], doutput.cols());
        Tensor din = tape.scratch(received[ranks.size()], doutput.cols());
        din.zero();
        ranks.allToAll(slices(doutput, sent), slices(dout, received));
        for (int source = 0; source < ranks.size(); source++) {
            rows.get(source).backward(tape, rows(dout, source), rows(din, source), needsInput);
        }
        if (needsInput) {
            ranks.allToAll(slices(din, received), slices(dinput, sent));
        }
    }

    private Tensor rows(Tensor all, int source) {
        return all.rows(received[source], received[source + 1]);
    }

    static List<MemorySegment> slices(Tensor all, int[] starts) {
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p + 1 < starts.length; p++) {
            slices.add(all.rows(starts[p], starts[p + 1]).memory());
        }
        return slices;
    }

    private int[] starts(int each) {
        int[] starts = new int[ranks.size() + 1];
        for (int p = 0; p < starts.length; p++) {
            starts[p] = each * p;
        }
        return starts;
    }

    /// @param counts of rows, `[ranks, experts of each]`
    private int[] starts(Tensor counts) {
        int[] starts = starts(0);
        for (int p = 0; p < ranks.size(); p++) {
            starts[p + 1] = starts[p];
            for (int e = 0; e < counts.cols(); e++) {
                starts[p + 1] += (int) counts.get((long) p * counts.cols() + e);
            }
        }
        return starts;
    }

    private static ExpertMlp.Groups groups(Tensor counts, int source) {
        int[] active = new int[counts.cols()];
        int[] starts = new int[counts.cols() + 1];
        int count = 0;
        for (int e = 0; e < active.length; e++) {
            int rows = (int) counts.get((long) source * counts.cols() + e);
            if (rows > 0) {
                active[count] = e;
                starts[++count] = starts[count - 1] + rows;
            }
        }
        return new ExpertMlp.Groups(active, starts, count);
    }
}
