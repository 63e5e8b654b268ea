package glia.engine.training;

import glia.model.block.Pass;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parallel;
import glia.tensor.Tensor;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.ops.Operation;
import glia.tensor.ops.attention.ContextParallel.Part;
import glia.tensor.ops.attention.ContextParallel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The part of a batch that one of several ranks computes, which share its tokens. Losses get log-probabilities of all
/// rows, so that they are computed on each rank as on one.
final class DividedBatch {
    private final ContextParallel context;
    private final Pass pass;
    private final int[] targets;
    /// By rank, the rows of the batch that are its outputs.
    private final int[][] rows;

    DividedBatch(TokenBatch batch, Reduction.Context among) {
        Pass whole = batch.pass();
        context = new ContextParallel(among.ranks(), among.method(), whole.runs());
        rows = new int[among.ranks().size()][];
        for (int p = 0; p < rows.length; p++) {
            rows[p] = context.parts(p).stream().flatMapToInt(part -> rows(whole, part)).toArray();
        }
        int[] own = rows[among.ranks().rank()];
        pass = own(whole, context.parts(among.ranks().rank()));
        if (own.length == 0) {
            // Something to compute, which nothing reads.
            pass.want(0);
        }
        targets = own.length == 0 ? new int[] {TokenBatch.NO_TARGET} : Arrays.stream(own).map(batch::target).toArray();
    }

    private static Pass own(Pass whole, List<Part> parts) {
        if (!whole.parts().isEmpty() || whole.runs().hasMutual() || whole.hidesTokens()) {
            throw new IllegalArgumentException("sequences with pictures, sounds or hidden tokens cannot be divided "
                    + "among ranks; leave parallel.context out");
        }
        Pass own = new Pass();
        for (Part part : parts) {
            int start = whole.runs().start(part.sequence()) + part.from();
            own.add(whole.tokens(), start, start + part.size(), part.from(), Pass.Outputs.NONE);
            for (int i = 0; i < part.size(); i++) {
                if (whole.segments()[start + i] != (i == 0 ? 0 : whole.segments()[start + i - 1])) {
                    own.segment(part.size() - i, whole.segments()[start + i]);
                }
                if (Arrays.binarySearch(whole.outputs(), 0, whole.numOutputs(), start + i) >= 0) {
                    own.want(i);
                }
            }
        }
        return own;
    }

    private static IntStream rows(Pass whole, Part part) {
        int start = whole.runs().start(part.sequence());
        return IntStream.range(firstRow(whole, start + part.from()), firstRow(whole, start + part.to()));
    }

    /// The first output at a token or after it.
    private static int firstRow(Pass whole, int token) {
        int found = Arrays.binarySearch(whole.outputs(), 0, whole.numOutputs(), token);
        return found < 0 ? -found - 1 : found;
    }

    /// Requires a model all of whose layers but attention compute token by token.
    ///
    /// @throws IllegalArgumentException if it has others
    static void require(ModelSpec spec, DropoutRates dropout) {
        if (dropout.embeddings() + dropout.sublayers() + dropout.adapters() > 0) {
            throw new IllegalArgumentException("ranks that share the tokens of a context (parallel.context) have no "
                    + "dropout; set it to 0");
        }
        if (spec.encoder().isPresent() || !spec.drafts().isEmpty() || spec.streams().isPresent()) {
            throw new IllegalArgumentException("a model with an encoder, multi-token prediction or several residual "
                    + "streams cannot share the tokens of a context among ranks; leave parallel.context out");
        }
        spec.sublayers().forEach(sublayer -> requireDivisible(sublayer.mixer()));
    }

    private static void requireDivisible(Mixer mixer) {
        switch (mixer) {
            case Attention attention -> { }
            case NormedAttention attention -> { }
            case Mixer.GatedMlp mlp -> { }
            case Mixer.ScaledGatedMlp mlp -> { }
            case Mixer.SparseGatedMlp mlp -> { }
            case Mixer.LimitedMlp mlp -> { }
            case Mixer.XieluMlp mlp -> { }
            case Mixer.Mlp mlp -> { }
            case Experts experts -> { }
            case Parallel parallel -> parallel.branches().forEach(branch -> requireDivisible(branch.mixer()));
            default -> throw new IllegalArgumentException("ranks can share the tokens of a context of softmax "
                    + "attention, MLPs and experts, not of " + mixer.describe() + "; leave parallel.context out");
        }
    }

    ContextParallel context() {
        return context;
    }

    Pass pass() {
        return pass;
    }

    /// The targets of this rank's rows.
    int[] targets() {
        return targets;
    }

    /// The rows of all ranks, given those of this one.
    Operation gather(Tensor ofRank) {
        return context.gather(ofRank, rows);
    }
}
