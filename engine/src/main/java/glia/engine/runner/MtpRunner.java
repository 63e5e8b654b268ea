package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.engine.state.StateMemoryException;
import glia.engine.steer.Steering;
import glia.model.block.Decoder;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.spec.ModelSpec;
import glia.tensor.DType;
import glia.model.block.Input;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/// Speculative decoding with a model's multi-token-prediction layer (MTP), which drafts the token after the next. It
/// reads each hidden state with the token that follows it, so it lags: hidden states wait until their next token is
/// drafted. Where a prefix cache or lack of memory left a gap, its own state begins later and its drafts are worse.
final class MtpRunner extends EngineRunner {
    /// Hidden states that wait at most.
    private static final int MOST_UNSEEN = 4 * (1 + DraftTokens.MOST);

    private final Decoder decoder;
    private final Compute ops;
    private final int hiddenSize;
    private final SequenceStates draftStates;
    private final Pass following = new Pass();
    private final Arena arena = Arena.ofShared();
    private final Deque<Tensor> spare = new ArrayDeque<>();
    private final List<State> drafting = new ArrayList<>();
    private final List<State> decoding = new ArrayList<>();
    private final List<State> prompts = new ArrayList<>();
    private int[] rows = new int[16];

    private final class State implements DecodeState {
        private final Sequence sequence;
        /// The state of the MTP layer.
        private final Sequence draft;
        /// The position in the sequence at which the MTP layer's state begins.
        private int offset;
        /// The last hidden states of the sequence, which the MTP layer has not read: the first `numUnseen` rows.
        private final Tensor unseen;
        private int numUnseen;
        /// A token and the draft tokens after it.
        private final int[] next = new int[1 + DraftTokens.MOST];
        private int numDrafts;
        private int row = -1;
        /// Its first row of hidden states in the pass.
        private int firstHidden;
        private int[] ids;
        private int to;
        private int length;
        private DraftTokens drafts;
        private boolean isClosed;

        State(Sequence sequence, Sequence draft) {
            this.sequence = sequence;
            this.draft = draft;
            offset = sequence.length();
            unseen = spare.isEmpty() ? Tensor.allocate(arena, DType.F32, MOST_UNSEEN, hiddenSize) : spare.pop();
        }

        @Override
        public int length() {
            return sequence.length();
        }

        /// The number of tokens whose hidden states the MTP layer has read or skipped.
        private int read() {
            return offset + draft.length();
        }

        /// Lets the MTP layer's state begin at the end of the sequence, if hidden states between are missing.
        private void close(int gap) {
            if (gap > 0) {
                draft.clear();
                numUnseen = 0;
                offset = sequence.length();
            }
        }

        /// The MTP layer's last state belongs to the next token, so one more token is recomputed.
        @Override
        public int keep(int most) {
            numUnseen = 0;
            int kept = sequence.truncateToMost(Math.clamp(most - 1, 0, read()));
            if (kept < offset || !draft.truncate(kept - offset)) {
                draft.clear();
                offset = kept;
            }
            return kept;
        }

        @Override
        public int chunkEnd(int to) {
            return sequence.chunkEnd(to);
        }

        @Override
        public long bytesToAppend(int numTokens, int sourceTokens) {
            return sequence.bytesToAppend(numTokens) + draft.bytesToAppend(sequence.length() + numTokens - read());
        }

        @Override
        public void useSteering(Steering steering) {
            sequence.steering(steering);
        }

        @Override
        public DecodeState fork() {
            State fork = new State(sequence.fork(), draft.fork());
            fork.offset = offset;
            fork.numUnseen = numUnseen;
            fork.unseen.copyFrom(unseen);
            return fork;
        }

        @Override
        public void leave(String key, int[] tokens, boolean whole) {
            if (whole) {
                engine.prefixCache().insertAndClose(key, sequence, tokens);
                draft.clear();
                numUnseen = 0;
                offset = 0;
            } else {
                engine.prefixCache().insert(key, sequence, tokens);
            }
        }

        @Override
        public int row() {
            return row;
        }

        @Override
        public boolean keepDrafts(int count) {
            int rejected = numDrafts - count;
            numDrafts = 0;
            numUnseen -= rejected;
            return rejected == 0 || sequence.truncate(sequence.length() - rejected);
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
    MtpRunner(Engine engine) {
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
    DecodeState state(Sequence sequence, boolean goesBack) {
        Sequence draft = draftStates.open(engine.pool());
        if (goesBack) {
            sequence.keepSnapshots(PlainRunner.NUM_SNAPSHOTS);
            draft.keepSnapshots(PlainRunner.NUM_SNAPSHOTS);
        }
        return new State(sequence, draft);
    }

    @Override
    public int maxDrafts() {
        return 1;
    }

    @Override
    public double draftingShare() {
        return 1.0 / engine.model().spec().numLayers();
    }

    @Override
    public boolean hasEncoder() {
        return false;
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        State s = (State) state;
        s.close(s.sequence.length() - s.read());
        s.ids = ids;
        s.to = to;
        s.length = length;
        prompts.add(s);
    }

    @Override
    public void want(DecodeState state, int[] ids, int length, DraftTokens drafts) {
        State s = (State) state;
        s.close(s.sequence.length() - s.read() - s.numUnseen);
        if (s.numUnseen > 0 && (drafts.wanted() > 0 || s.numUnseen + s.next.length > MOST_UNSEEN)) {
            s.ids = ids;
            s.length = length;
            s.drafts = drafts;
            drafting.add(s);
        }
    }

    @Override
    public void decode(DecodeState state, int token, DraftTokens drafts) {
        State s = (State) state;
        s.next[0] = token;
        drafts.copyTo(s.next, 1);
        s.numDrafts = drafts.count();
        s.sequence.revocable(s.numDrafts);
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
            return compute();
        } finally {
            discard();
        }
    }

    @Override
    public void draft() {
        if (drafting.isEmpty()) {
            return;
        }
        try {
            ops.release(0);
            following.clear();
            draftStates.clear();
            int numRows = 0;
            for (int i = 0; i < drafting.size(); i++) {
                State s = drafting.get(i);
                following.add(s.ids, s.read() + 1, s.length, s.draft.length(), Outputs.LAST);
                draftStates.add(s.draft);
                numRows += s.numUnseen;
            }
            Tensor hidden = ops.allocate(numRows, hiddenSize);
            int row = 0;
            for (int i = 0; i < drafting.size(); i++) {
                State s = drafting.get(i);
                hidden.rows(row, row + s.numUnseen).copyFrom(s.unseen.rows(0, s.numUnseen));
                row += s.numUnseen;
            }
            Tensor logits = engine.logits(ops.select(read(hidden), following.outputs(), following.numOutputs()));
            for (int i = 0; i < drafting.size(); i++) {
                State s = drafting.get(i);
                s.numUnseen = 0;
                if (s.drafts.wanted() > 0) {
                    s.drafts.add(ops.kernels().argmax(logits, i));
                }
            }
        } catch (StateMemoryException e) {
            for (int i = 0; i < drafting.size(); i++) {
                drafting.get(i).close(1);
            }
        } finally {
            drafting.clear();
        }
    }

    /// Runs the MTP layer over hidden states.
    private Tensor read(Tensor hidden) {
        Tensor read;
        try {
            draftStates.prepare(following);
            read = decoder.draft(0, ops, hidden, following, draftStates);
        } catch (Throwable e) {
            draftStates.retract();
            throw e;
        }
        draftStates.advance(following.runs());
        return read;
    }

    private Tensor compute() {
        int at = 0;
        for (int i = 0; i < decoding.size(); i++) {
            State s = decoding.get(i);
            engine.add(s.sequence, s.next, 0, 1 + s.numDrafts, Outputs.ALL);
            s.firstHidden = at;
            at += 1 + s.numDrafts;
        }
        for (int i = 0; i < prompts.size(); i++) {
            State s = prompts.get(i);
            engine.add(s.sequence, s.ids, s.sequence.length(), s.to, Outputs.ALL);
            s.firstHidden = at;
            at += s.to - s.sequence.length();
        }
        Tensor hidden = engine.runHidden();
        int numRows = 0;
        for (int i = 0; i < decoding.size(); i++) {
            State s = decoding.get(i);
            int count = 1 + s.numDrafts;
            int end = s.numUnseen + count;
            if (end <= MOST_UNSEEN) {
                s.unseen.rows(s.numUnseen, end).copyFrom(hidden.rows(s.firstHidden, s.firstHidden + count));
            }
            s.numUnseen = end;
            s.row = numRows;
            for (int t = 0; t < count; t++) {
                row(numRows++, s.firstHidden + t);
            }
        }
        for (int i = 0; i < prompts.size(); i++) {
            State s = prompts.get(i);
            s.row = s.to == s.length ? numRows : -1;
            if (s.to == s.length) {
                int last = s.firstHidden + s.sequence.length() - s.read() - 1;
                s.unseen.rows(0, 1).copyFrom(hidden.rows(last, last + 1));
                s.numUnseen = 1;
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
    /// its state begins after them.
    private void readPrompts(Tensor hidden) {
        following.clear();
        draftStates.clear();
        int count = 0;
        for (int i = 0; i < prompts.size(); i++) {
            State s = prompts.get(i);
            int from = s.read();
            int end = Math.min(s.to, s.length - 1);
            if (end > from) {
                following.add(s.ids, from + 1, end + 1, s.draft.length(), Outputs.NONE);
                draftStates.add(s.draft);
                for (int t = from; t < end; t++) {
                    row(count++, s.firstHidden + t - from);
                }
            }
        }
        try {
            if (count > 0) {
                read(ops.select(hidden, rows, count));
            }
        } catch (StateMemoryException e) {
            for (int i = 0; i < prompts.size(); i++) {
                prompts.get(i).close(1);
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
