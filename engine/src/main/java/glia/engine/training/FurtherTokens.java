package glia.engine.training;

import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import glia.tensor.ops.logits.TokenLogProbs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// The predictions of a multi-token-prediction layer (https://arxiv.org/abs/2412.19437, section 2.2). Layer k reads the
/// tokens up to `i + k` and predicts token `i + k + 1`, at each place i of a sequence.
///
/// @param columns see `TokenLogProbs`
/// @param weights the weight of each target, 0 for rows without one
public record FurtherTokens(Value columns, float[] weights) {
    /// The log-probabilities of the targets, `[N, 1]`; 0 for rows without one.
    public Value logProbs() {
        return columns.column(TokenLogProbs.Column.LOG_PROB.ordinal());
    }

    /// @param routers receives what the routers of each layer did
    static List<FurtherTokens> of(Ops ops, Decoder decoder, TokenBatch batch, Value hidden,
            Consumer<List<RouterOutput>> routers) {
        Runs runs = batch.pass().runs();
        if (batch.numRows() != batch.numTokens()) {
            throw new IllegalArgumentException("multi-token prediction needs the hidden states of all "
                    + batch.numTokens() + " tokens, the batch has " + batch.numRows()
                    + " rows; make it with addWhole");
        }
        List<FurtherTokens> all = new ArrayList<>();
        Tensor states = hidden.tensor();
        for (int depth = 1; depth <= decoder.numDrafts(); depth++) {
            Pass following = new Pass();
            following.collectRouted();
            int[] kept = new int[batch.numTokens()];
            int[] targets = new int[batch.numTokens()];
            float[] weights = new float[batch.numTokens()];
            int count = 0;
            int before = 0;
            for (int s = 0; s < runs.count(); s++) {
                int start = runs.start(s);
                int length = runs.end(s) - start;
                int rows = Math.max(0, length - depth);
                if (rows > 0) {
                    following.add(batch.pass().tokens(), start + depth, start + length, 0, Pass.Outputs.ALL);
                }
                for (int i = 0; i < rows; i++) {
                    // Row i + depth of the batch has the token after the last that this layer reads.
                    targets[count] = batch.target(start + depth + i);
                    weights[count] = batch.weight(start + depth + i);
                    kept[count++] = before + i;
                }
                before += Math.max(0, length - depth + 1);
            }
            if (count == 0) {
                break;
            }
            states = decoder.draft(depth - 1, ops, ops.select(states, kept, count), following, States.NONE);
            routers.accept(RouterOutput.of(ops, decoder, following));
            TokenLogProbs operation = decoder.logProbs(ops, states, following, Arrays.copyOf(targets, count), 1, false,
                    0, false);
            all.add(new FurtherTokens(new Value(ops, ops.apply(operation)), Arrays.copyOf(weights, count)));
        }
        return all;
    }
}
