package glia.engine.training;

import glia.model.block.Decoder;
import glia.model.block.Input;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.layout.PooledStates;
import glia.model.layout.Pooling;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Ops;
import glia.tensor.ops.logits.LogitHead;
import glia.tensor.ops.logits.TokenLogProbs.Column;
import glia.tensor.ops.logits.TokenLogProbs;
import glia.tensor.ops.logits.TopTokens;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Sums.Sum;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// The outputs of a model at the M rows of a batch, recorded for the backward pass. Logits take memory for M times the
/// vocabulary; log-probabilities and entropies do not.
public final class Predictions {
    private final Ops ops;
    private final Decoder decoder;
    private final TokenBatch batch;
    /// The tokens of this rank, where ranks share them.
    private final Optional<DividedBatch> divided;
    private final Pass pass;
    private final Tensor hidden;
    /// Whether other ranks have other layers.
    private final boolean isStage;
    private final List<RouterOutput> draftRouters = new ArrayList<>();
    private int numDropped;
    private Optional<Value> logProbs = Optional.empty();

    Predictions(Ops ops, Decoder decoder, TokenBatch batch, Optional<DividedBatch> divided) {
        this.ops = ops;
        this.decoder = decoder;
        this.batch = batch;
        this.divided = divided;
        pass = pass(batch, divided);
        pass.collectRouted();
        hidden = decoder.hidden(ops, pass, States.NONE);
        isStage = false;
    }

    /// Of the last stage of a pipeline.
    ///
    /// @param hidden the last hidden states
    Predictions(Ops ops, Decoder decoder, TokenBatch batch, Optional<DividedBatch> divided, Tensor hidden) {
        this.ops = ops;
        this.decoder = decoder;
        this.batch = batch;
        this.divided = divided;
        pass = pass(batch, divided);
        this.hidden = hidden;
        isStage = true;
    }

    /// The tokens of this rank.
    static Pass pass(TokenBatch batch, Optional<DividedBatch> divided) {
        return divided.map(DividedBatch::pass).orElseGet(batch::pass);
    }

    /// The last hidden states of all rows.
    private Tensor rows() {
        requireWhole("hidden states");
        return hidden;
    }

    private void requireWhole(String what) {
        if (divided.isPresent()) {
            throw new IllegalArgumentException("this loss reads " + what + " of all tokens, which ranks share; leave "
                    + "parallel.context out");
        }
    }

    private void requireAllLayers(String what) {
        if (isStage) {
            throw new IllegalArgumentException("this loss reads " + what + ", and each rank has some layers alone; "
                    + "leave parallel.pipeline out");
        }
    }

    /// Rows of this rank as those of all ranks, `[M, C]`.
    private Value all(Tensor ofRank) {
        return new Value(ops, divided.isPresent() ? ops.apply(divided.get().gather(ofRank)) : ofRank);
    }

    /// The batch.
    public TokenBatch batch() {
        return batch;
    }

    /// Ops for operations that `Value` does not have.
    public Ops ops() {
        return ops;
    }

    /// The last hidden states, normed, `[M, D]`.
    public Value hidden() {
        return new Value(ops, rows());
    }

    /// The embedding of each sequence, `[numSequences, D]`: the pooled last hidden states of its rows, which are all of
    /// its tokens in a batch made by `TokenBatch.addWhole`.
    ///
    /// @throws IllegalArgumentException if a sequence has no rows
    public Value pooled(Pooling pooling) {
        return PooledStates.of(hidden(), batch.sequences(), batch.numSequences(), pooling);
    }

    /// The scores of a classifier or reward model for each sequence, `[numSequences, C]`, in a batch made by
    /// `TokenBatch.addWhole`.
    ///
    /// @throws IllegalArgumentException if the model is no classifier or a sequence has no rows
    public Value scores() {
        Pooling pooling = PooledStates.ofClasses(decoder.classes().orElseThrow(() -> new IllegalArgumentException(
                "the model has no classification head")));
        return new Value(ops, decoder.logits(ops, pooled(pooling).tensor(), batch.pass(), States.NONE));
    }

    /// The predictions of the multi-token-prediction layers, in their order, for a batch made by
    /// `TokenBatch.addWhole`.
    public List<FurtherTokens> furtherTokens() {
        draftRouters.clear();
        return FurtherTokens.of(ops, decoder, batch, hidden(), draftRouters::addAll);
    }

    /// The rows that towers make of pictures, `[all rows, D]`, with gradients.
    public Value encoded(List<Input.Rows> pictures) {
        int total = pictures.stream().mapToInt(Input.Rows::count).sum();
        Tensor all = null;
        int from = 0;
        for (Input.Rows rows : pictures) {
            int[] places = IntStream.range(from, from + rows.count()).toArray();
            Tensor own = ops.apply(new SpreadRows(decoder.encode(ops, rows), places, total));
            all = all == null ? own : ops.apply(new Sum(all, 1, own, 1));
            from += rows.count();
        }
        return new Value(ops, all);
    }

    /// The logits `[A, B]` of all pairs of embeddings of texts `[A, D]` and of pictures `[B, D]`, or the reverse.
    ///
    /// @throws IllegalArgumentException if the model does not compare texts with pictures
    public Value compared(Value a, Value b) {
        return new Value(ops, decoder.compare(ops, a.tensor(), b.tensor()));
    }

    /// The logits of some rows, `[count, V]`.
    public Value logits(int... rows) {
        Tensor some = ops.select(rows(), rows, rows.length);
        return new Value(ops, decoder.logits(ops, some, batch.pass(), States.NONE));
    }

    /// The logits of all rows, `[M, V]`.
    public Value logits() {
        return new Value(ops, decoder.logits(ops, rows(), batch.pass(), States.NONE));
    }

    /// The log-probabilities of the targets, `[M, 1]`; 0 for rows without one.
    public Value logProbs() {
        if (logProbs.isEmpty()) {
            logProbs = Optional.of(tokens(1, false, 0).column(Column.LOG_PROB));
        }
        return logProbs.get();
    }

    /// The log-probabilities of the targets by another decoder with the same weights or some of them, such as that of
    /// the first layers, `[M, 1]`. It has a forward pass of its own.
    public Value logProbs(Decoder other) {
        requireAllLayers("layers below the last");
        Pass own = pass.frozen(ops);
        TokenLogProbs operation = other.logProbs(ops, other.hidden(ops, own, States.NONE), own, targets(), 1,
                false, 0, false);
        return all(ops.apply(operation)).column(Column.LOG_PROB.ordinal());
    }

    /// Log-probabilities of the targets with a temperature, entropies or the most probable tokens.
    ///
    /// @param temperature divisor of the logits
    /// @param numTop number of most probable tokens
    public Tokens tokens(double temperature, boolean wantsEntropy, int numTop) {
        return tokens(temperature, wantsEntropy, numTop, false);
    }

    /// Log-probabilities, log-sum-exps and mean logits of the targets, as label smoothing and z-loss need them.
    public Tokens tokensWithMeanLogits() {
        return tokens(1, false, 0, true);
    }

    private Tokens tokens(double temperature, boolean wantsEntropy, int numTop, boolean wantsMean) {
        if (numTop > 0) {
            requireWhole("the most probable tokens");
        }
        TokenLogProbs operation = decoder.logProbs(ops, hidden, pass, targets(), (float) temperature, wantsEntropy,
                numTop, wantsMean);
        return new Tokens(all(ops.apply(operation)), operation.top());
    }

    private int[] targets() {
        return divided.map(DividedBatch::targets).orElseGet(batch::targetMemory);
    }

    /// The log-probabilities of k given tokens at each row, such as a teacher's most probable tokens: the first k
    /// columns of the result.
    ///
    /// @param tokens k tokens for each row, row after row
    public Value selectedLogProbs(double temperature, int... tokens) {
        return new Value(ops, ops.apply(TokenLogProbs.ofSeveral(headInput().tensor(), logitHead(temperature), tokens)));
    }

    /// The input of the head's matrix, `[M, D]`, for losses that compute logits in parts.
    public Value headInput() {
        return new Value(ops, decoder.headInput(ops, rows(), batch.pass()));
    }

    /// The head, for losses that compute logits in parts.
    ///
    /// @param temperature divisor of the logits
    /// @throws IllegalArgumentException if the model has no head
    public LogitHead logitHead(double temperature) {
        return decoder.logitHead((float) temperature);
    }

    /// Log-probabilities and entropies of the targets.
    ///
    /// @param columns `[M, 3]` or `[M, 4]`, see `TokenLogProbs`
    /// @param top the most probable tokens of the rows that have a target; they have no gradient
    public record Tokens(Value columns, TopTokens top) {
        /// One of the columns, `[M, 1]`.
        public Value column(Column column) {
            return columns.column(column.ordinal());
        }

        /// The log-probabilities of the targets, `[M, 1]`.
        public Value logProbs() {
            return column(Column.LOG_PROB);
        }

        /// The entropies, `[M, 1]`, if requested.
        public Value entropy() {
            return column(Column.ENTROPY);
        }
    }

    /// What the routers of experts did with the tokens of the batch, layer by layer; empty without experts. Those of
    /// multi-token-prediction layers follow, once `furtherTokens` has run them.
    public List<RouterOutput> routers() {
        List<RouterOutput> all = ownRouters();
        if (!all.isEmpty()) {
            requireWhole("the routers of experts");
        }
        return all;
    }

    /// What the routers did with the tokens of this rank.
    public List<RouterOutput> ownRouters() {
        List<RouterOutput> all = new ArrayList<>(RouterOutput.of(ops, decoder, pass));
        all.addAll(draftRouters);
        if (!all.isEmpty()) {
            requireAllLayers("the routers of experts");
        }
        return all;
    }

    /// A value with the dropout of classification heads, for a head of one's own, in training; the value itself in
    /// evaluation. Each call has a mask of its own. `scores` has dropout already.
    public Value dropout(Value x) {
        return new Value(ops, ops.dropout(x.tensor(), Ops.Dropped.HEAD, ++numDropped));
    }

    /// The weights of the rows, `[M, 1]`.
    public Value weights() {
        return Value.constant(ops, batch.weightMemory(), batch.numRows());
    }

    /// A column of constants.
    public Value constant(float... numbers) {
        return Value.constant(ops, numbers);
    }

    /// Sums by sequence, `[numSequences, C]`, of a value that has a row for each row of the batch.
    public Value sequenceSums(Value ofRows) {
        return ofRows.groupSums(batch.sequences(), batch.numSequences());
    }
}
