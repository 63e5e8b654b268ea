package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.steer.Steering;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import java.util.List;

/// A runner that drafts nothing itself: its decode steps compute a token of each sequence and the draft tokens that it
/// is given.
sealed class PlainRunner extends EngineRunner permits EarlyExitRunner, KeptCacheRunner, LeadingRunner {
    /// Snapshots of a session, for models with sliding windows or recurrent states.
    static final int NUM_SNAPSHOTS = 4;

    private final boolean hasEncoder;
    private int numRows;

    /// The state of a sequence.
    class State implements DecodeState {
        /// Its KV cache.
        final Sequence sequence;
        /// A token and the draft tokens after it.
        private final int[] next = new int[1 + DraftTokens.MOST];
        private int numDrafts;
        private int row = -1;
        private List<Input.Embedded> embedded = List.of();

        State(Sequence sequence) {
            this.sequence = sequence;
        }

        @Override
        public int length() {
            return sequence.length();
        }

        @Override
        public int keep(int most) {
            return sequence.truncateToMost(hasEncoder ? 0 : most);
        }

        @Override
        public int chunkEnd(int to) {
            return Input.chunkEnd(embedded, sequence.length(), sequence.chunkEnd(to));
        }

        @Override
        public long bytesToAppend(int numTokens, int sourceTokens) {
            return sequence.bytesToAppend(numTokens, sourceTokens, Integer.MAX_VALUE);
        }

        @Override
        public void useAdapter(int number) {
            sequence.adapter(number);
        }

        @Override
        public void useSteering(Steering steering) {
            sequence.steering(steering);
        }

        @Override
        public void useRows(List<Input.Embedded> rows) {
            embedded = rows;
        }

        @Override
        public DecodeState fork() {
            State fork = new State(sequence.fork());
            fork.embedded = embedded;
            return fork;
        }

        @Override
        public void leave(String key, int[] ids, boolean whole) {
            int[] tokens = engine.prefixCache().keys(ids, embedded);
            if (whole) {
                engine.prefixCache().insertAndClose(key, sequence, tokens);
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
            return rejected == 0 || sequence.truncate(sequence.length() - rejected);
        }

        @Override
        public void close() {
            sequence.close();
        }
    }

    PlainRunner(Engine engine) {
        super(engine);
        hasEncoder = engine.model().spec().encoder().isPresent();
    }

    /// The sequence of a state of this runner.
    static Sequence sequence(DecodeState state) {
        return ((State) state).sequence;
    }

    @Override
    DecodeState state(Sequence sequence, boolean goesBack) {
        if (goesBack) {
            sequence.keepSnapshots(NUM_SNAPSHOTS);
        }
        return new State(sequence);
    }

    @Override
    public int maxDrafts() {
        return 0;
    }

    @Override
    public double draftingShare() {
        return 0;
    }

    @Override
    public boolean hasEncoder() {
        return hasEncoder;
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        State s = (State) state;
        Outputs wanted = to == length ? Outputs.LAST : Outputs.NONE;
        if (hasEncoder) {
            engine.add(s.sequence, Input.of(source), ids, from, to, wanted);
        } else {
            engine.add(s.sequence, ids, s.embedded, from, to, wanted);
        }
        s.row = to == length ? numRows++ : -1;
    }

    @Override
    public void want(DecodeState state, int[] ids, int length, DraftTokens drafts) { }

    @Override
    public void draft() { }

    @Override
    public void decode(DecodeState state, int token, DraftTokens drafts) {
        State s = (State) state;
        s.next[0] = token;
        drafts.copyTo(s.next, 1);
        s.numDrafts = drafts.count();
        s.sequence.revocable(s.numDrafts);
        engine.add(s.sequence, s.next, s.embedded, 0, 1 + s.numDrafts, Outputs.ALL);
        s.row = numRows;
        numRows += 1 + s.numDrafts;
    }

    @Override
    public void discard() {
        numRows = 0;
        engine.discard();
    }

    @Override
    public Tensor run() {
        numRows = 0;
        return compute();
    }

    /// Computes what the engine has gathered.
    Tensor compute() {
        return engine.run();
    }

    @Override
    public void close() { }
}
