package glia.engine;

import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.engine.state.StateMemoryException;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.spec.ModelSpec;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// Speculative decoding ([Leviathan et al.](https://arxiv.org/abs/2211.17192)) with a model's multi-token-prediction
/// layer (MTP): it drafts the token after the next, and both are computed in one pass. If the sampler picks the draft
/// token, its logits are there already; otherwise it is removed. The sampler sees the same logits as without drafts,
/// except for the rounding of passes of two tokens.
///
/// A pass has three parts: the MTP layer drafts from the last hidden states of all decoding sequences; the model
/// computes their tokens and draft tokens, and chunks of prompts; the MTP layer reads the hidden states of the chunks.
final class SpeculativeRunner extends EngineRunner {
    private final Decoder decoder;
    private final Compute ops;
    private final int hiddenSize;
    private final SequenceStates draftStates;
    private final Pass following = new Pass();
    private final Arena arena = Arena.ofShared();
    private final Deque<Tensor> spare = new ArrayDeque<>();
    private final List<State> decoding = new ArrayList<>();
    private final List<State> prompts = new ArrayList<>();
    private int[] rows = new int[16];

    private final class State implements DecodeState {
        private final Sequence sequence;
        /// The state of the MTP layer, which lags by the last tokens: it reads each hidden state with the next token.
        private final Sequence draft;
        /// The hidden states `[2, D]` of the last one or two tokens, which the MTP layer has not read.
        private final Tensor unseen;
        /// The tokens that follow these.
        private final int[] followers = new int[2];
        private int numFollowers;
        /// A token and the draft token after it.
        private final int[] next = new int[2];
        private boolean hasDraft;
        private int row = -1;
        /// Its first row of hidden states in the pass.
        private int firstHidden;
        private int[] ids;
        private int to;
        private int length;
        private Optional<StateMemoryException> lost = Optional.empty();
        private boolean isClosed;

        State(Sequence sequence, Sequence draft) {
            this.sequence = sequence;
            this.draft = draft;
            unseen = spare.isEmpty() ? Tensor.allocate(arena, DType.F32, 2, hiddenSize) : spare.pop();
        }

        @Override
        public int length() {
            return sequence.length();
        }

        /// The MTP layer's last state belongs to the next token, so one more token is recomputed.
        @Override
        public int keep(int most) {
            numFollowers = 0;
            hasDraft = false;
            int kept = sequence.truncateToMost(Math.clamp(most - 1, 0, draft.length()));
            if (!draft.truncate(kept)) {
                sequence.clear();
                draft.clear();
            }
            return sequence.length();
        }

        @Override
        public int chunkEnd(int to) {
            return sequence.chunkEnd(to);
        }

        @Override
        public long bytesToAppend(int numTokens, int sourceTokens) {
            return sequence.bytesToAppend(numTokens)
                    + draft.bytesToAppend(sequence.length() + numTokens - draft.length());
        }

        @Override
        public DecodeState fork() {
            State fork = new State(sequence.fork(), draft.fork());
            fork.unseen.copyFrom(unseen);
            return fork;
        }

        /// Does nothing: without the state of the MTP layer a cached prefix is of no use.
        @Override
        public void leave(String key, int[] tokens, boolean whole) { }

        @Override
        public int row() {
            return row;
        }

        @Override
        public int draft() {
            return hasDraft ? next[1] : -1;
        }

        @Override
        public void acceptDraft() {
            followers[numFollowers++] = next[1];
            hasDraft = false;
        }

        @Override
        public boolean rejectDraft() {
            hasDraft = false;
            return sequence.truncate(sequence.length() - 1);
        }

        @Override
        public Optional<StateMemoryException> lost() {
            return lost;
        }

        @Override
        public void close() {
            sequence.close();
            draft.close();
            if (!isClosed) {
                isClosed = true;
                spare.push(unseen);
            }
        }
    }

    /// @throws IllegalArgumentException if the model has no MTP layer
    SpeculativeRunner(Engine engine) {
        super(engine);
        ModelSpec spec = engine.model().spec();
        if (spec.drafts().isEmpty()) {
            throw new IllegalArgumentException("speculative decoding was requested; the model has no "
                    + "multi-token-prediction layer");
        }
        decoder = engine.decoder();
        ops = engine.ops();
        hiddenSize = spec.hiddenSize();
        draftStates = SequenceStates.ofDraft(spec, 0, engine.keyValueType(), ops.kernels().workers());
    }

    @Override
    public DecodeState open(boolean goesBack) {
        State state = new State(engine.open(), draftStates.open(engine.pool()));
        if (goesBack) {
            state.sequence.keepSnapshots(PlainRunner.NUM_SNAPSHOTS);
            state.draft.keepSnapshots(PlainRunner.NUM_SNAPSHOTS);
        }
        return state;
    }

    @Override
    public DecodeState resume(String key, int[] tokens) {
        return open(false);
    }

    @Override
    public void clearPrefixCache() { }

    @Override
    public int tokensPerDecode() {
        return 2;
    }

    @Override
    public boolean hasEncoder() {
        return false;
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        State s = (State) state;
        if (s.sequence.length() != s.draft.length()) {
            throw new IllegalStateException("a prompt continues after " + s.sequence.length() + " tokens, of which the "
                    + "multi-token-prediction layer has read " + s.draft.length());
        }
        s.ids = ids;
        s.to = to;
        s.length = length;
        s.numFollowers = 0;
        prompts.add(s);
    }

    /// Gathers a token. After a pass that failed it is gathered again.
    @Override
    public void decode(DecodeState state, int token) {
        State s = (State) state;
        s.next[0] = token;
        decoding.add(s);
    }

    @Override
    public void discard() {
        decoding.clear();
        prompts.clear();
        engine.discard();
    }

    @Override
    public Tensor run() {
        try {
            for (int i = 0; i < decoding.size(); i++) {
                decoding.get(i).lost = Optional.empty();
            }
            for (int i = 0; i < prompts.size(); i++) {
                prompts.get(i).lost = Optional.empty();
            }
            ops.release(0);
            draftTokens();
            return compute();
        } finally {
            discard();
        }
    }

    /// Drafts a token for each decoding sequence. Those with a draft token of a pass that failed keep it.
    private void draftTokens() {
        int numRows = 0;
        following.clear();
        draftStates.clear();
        List<State> drafting = new ArrayList<>();
        for (int i = 0; i < decoding.size(); i++) {
            State s = decoding.get(i);
            if (!s.hasDraft) {
                s.followers[s.numFollowers] = s.next[0];
                following.add(s.followers, 0, s.numFollowers + 1, s.draft.length(), Outputs.LAST);
                draftStates.add(s.draft);
                drafting.add(s);
                numRows += s.numFollowers + 1;
            }
        }
        if (drafting.isEmpty()) {
            return;
        }
        Tensor hidden = ops.allocate(numRows, hiddenSize);
        int row = 0;
        for (State s : drafting) {
            hidden.rows(row, row + s.numFollowers + 1).copyFrom(s.unseen.rows(0, s.numFollowers + 1));
            row += s.numFollowers + 1;
        }
        Tensor drafted = draft(hidden);
        Tensor last = ops.select(drafted, following.outputs(), following.numOutputs());
        Tensor logits = engine.logits(last);
        for (int i = 0; i < drafting.size(); i++) {
            State s = drafting.get(i);
            s.next[1] = ops.kernels().argmax(logits, i);
            s.hasDraft = true;
            s.numFollowers = 0;
        }
    }

    private Tensor draft(Tensor hidden) {
        Tensor drafted;
        try {
            draftStates.prepare(following);
            drafted = decoder.draft(0, ops, hidden, following, draftStates);
        } catch (Throwable e) {
            draftStates.retract();
            throw e;
        }
        draftStates.advance(following.runs());
        return drafted;
    }

    private Tensor compute() {
        int at = 0;
        for (int i = 0; i < decoding.size(); i++) {
            State s = decoding.get(i);
            engine.add(s.sequence, s.next, 0, 2, Outputs.ALL);
            s.firstHidden = at;
            at += 2;
        }
        for (int i = 0; i < prompts.size(); i++) {
            State s = prompts.get(i);
            int from = s.sequence.length();
            engine.add(s.sequence, s.ids, from, s.to, Outputs.ALL);
            s.firstHidden = at;
            at += s.to - from;
        }
        Tensor hidden = engine.runHidden();
        int numRows = 0;
        for (int i = 0; i < decoding.size(); i++) {
            State s = decoding.get(i);
            s.unseen.copyFrom(hidden.rows(s.firstHidden, s.firstHidden + 2));
            s.row = numRows;
            row(numRows++, s.firstHidden);
            row(numRows++, s.firstHidden + 1);
        }
        for (int i = 0; i < prompts.size(); i++) {
            State s = prompts.get(i);
            s.row = s.to == s.length ? numRows : -1;
            if (s.to == s.length) {
                int last = s.firstHidden + s.sequence.length() - s.draft.length() - 1;
                s.unseen.rows(0, 1).copyFrom(hidden.rows(last, last + 1));
                row(numRows++, last);
            }
        }
        Tensor wanted = numRows == hidden.rows() ? hidden : ops.select(hidden, rows, numRows);
        readPrompts(hidden);
        return engine.logits(wanted);
    }

    private void row(int at, int hiddenRow) {
        if (at == rows.length) {
            rows = Arrays.copyOf(rows, 2 * at);
        }
        rows[at] = hiddenRow;
    }

    /// Runs the MTP layer over the hidden states of prompts, each with the next token. If its memory does not suffice,
    /// the sequences are lost.
    private void readPrompts(Tensor hidden) {
        following.clear();
        draftStates.clear();
        int count = 0;
        for (int i = 0; i < prompts.size(); i++) {
            State s = prompts.get(i);
            int from = s.draft.length();
            int end = Math.min(s.to, s.length - 1);
            if (end > from) {
                following.add(s.ids, from + 1, end + 1, from, Outputs.NONE);
                draftStates.add(s.draft);
                for (int t = from; t < end; t++) {
                    row(count++, s.firstHidden + t - from);
                }
            }
        }
        if (count == 0) {
            return;
        }
        try {
            draft(ops.select(hidden, rows, count));
        } catch (StateMemoryException e) {
            for (int i = 0; i < prompts.size(); i++) {
                prompts.get(i).lost = Optional.of(e);
            }
        }
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
