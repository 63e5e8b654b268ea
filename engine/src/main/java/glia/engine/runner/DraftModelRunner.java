package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.state.StateMemoryException;
import glia.engine.steer.Steering;
import glia.model.block.Pass.Outputs;
import glia.model.block.Input;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Speculative decoding with a draft model: a smaller model with the same vocabulary, which drafts greedily, for all
/// sequences of a batch together. It first reads what it has not read, but of a long text only the end. Its states have
/// their own memory; where that is full they are dropped and computed again later.
final class DraftModelRunner extends EngineRunner {
    /// The most tokens that are read of a text before the first draft: further ones hardly make better drafts.
    private static final int MOST_READ = 256;

    private final PlainRunner target;
    private final Engine drafter;
    private final GreedyDrafts greedy;
    private final int context;
    private final List<State> gathered = new ArrayList<>();

    private static final class State implements DecodeState {
        private final DecodeState target;
        private final Sequence draft;
        /// The token with which the drafter began.
        private int first;
        private int[] ids;
        private int length;
        private DraftTokens drafts;

        State(DecodeState target, Sequence draft) {
            this.target = target;
            this.draft = draft;
        }

        @Override
        public int length() {
            return target.length();
        }

        @Override
        public int keep(int most) {
            int kept = target.keep(most);
            keepDraft(kept);
            return kept;
        }

        @Override
        public int chunkEnd(int to) {
            return target.chunkEnd(to);
        }

        @Override
        public long bytesToAppend(int numTokens, int sourceTokens) {
            return target.bytesToAppend(numTokens, sourceTokens);
        }

        /// The draft model drafts without it.
        @Override
        public void useAdapter(int number) {
            target.useAdapter(number);
        }

        /// The draft model drafts without them.
        @Override
        public void useSteering(Steering steering) {
            target.useSteering(steering);
        }

        @Override
        public void useRows(List<Input.Embedded> embedded) {
            target.useRows(embedded);
        }

        @Override
        public DecodeState fork() {
            State fork = new State(target.fork(), draft.fork());
            fork.first = first;
            return fork;
        }

        @Override
        public void leave(String key, int[] tokens, boolean whole) {
            target.leave(key, tokens, whole);
            if (whole) {
                draft.clear();
            }
        }

        @Override
        public int row() {
            return target.row();
        }

        @Override
        public boolean keepDrafts(int count) {
            boolean isSound = target.keepDrafts(count);
            keepDraft(target.length());
            return isSound;
        }

        private void keepDraft(int most) {
            draft.truncateToMost(Math.clamp(most - first, 0, draft.length()));
        }

        /// The token from which the drafter reads: the next one, or one near the end of the text if that is far away or
        /// no longer fits into the context.
        int start(int length, int context) {
            int next = first + draft.length();
            boolean fits = length - first + DraftTokens.MOST <= context;
            return next <= length && length - next <= MOST_READ && fits ? next
                    : Math.max(0, length - Math.min(MOST_READ, context / 2));
        }

        /// Makes the drafter begin there.
        void begin(int at) {
            if (at != first + draft.length()) {
                draft.clear();
                first = at;
            }
        }

        @Override
        public void close() {
            target.close();
            draft.close();
        }
    }

    /// @param drafter the engine of the draft model; the caller closes it
    /// @throws IllegalArgumentException if the draft model cannot draft
    DraftModelRunner(Engine engine, Engine drafter) {
        super(engine);
        if (engine.model().spec().encoder().isPresent() || drafter.model().spec().encoder().isPresent()
                || drafter.model().spec().looksAhead() || !allowsDrafts(drafter)) {
            throw new IllegalArgumentException("a draft model needs a decoder without recurrent states, and so does "
                    + "the model that it drafts for");
        }
        this.target = new PlainRunner(engine);
        this.drafter = drafter;
        this.context = drafter.model().spec().contextLength();
        this.greedy = new GreedyDrafts(drafter, vocabSize());
    }

    @Override
    DecodeState state(Sequence sequence, boolean goesBack) {
        return new State(target.state(sequence, goesBack), drafter.open());
    }

    @Override
    public int maxDrafts() {
        return DraftTokens.MOST;
    }

    @Override
    public double draftingShare() {
        return share(drafter);
    }

    /// All but the tokens of the last pass.
    @Override
    public int unread(DecodeState state, int length) {
        return Math.max(0, length - ((State) state).start(length, context) - 1 - DraftTokens.MOST);
    }

    @Override
    public boolean hasEncoder() {
        return false;
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        target.prefill(((State) state).target, source, ids, from, to, length);
    }

    @Override
    public void want(DecodeState state, int[] ids, int length, DraftTokens drafts) {
        State s = (State) state;
        if (drafts.wanted() > 0) {
            s.ids = ids;
            s.length = length;
            s.drafts = drafts;
            gathered.add(s);
        }
    }

    @Override
    public void draft() {
        try {
            readTexts();
            greedy.run();
        } catch (StateMemoryException e) {
            for (int i = 0; i < gathered.size(); i++) {
                gathered.get(i).draft.clear();
            }
        } finally {
            drafter.discard();
            gathered.clear();
            greedy.clear();
        }
    }

    /// Adds what the drafter has not read to its pass.
    private void readTexts() {
        int budget = Engine.CHUNK_TOKENS;
        for (int i = 0; i < gathered.size(); i++) {
            State s = gathered.get(i);
            int from = s.start(s.length, context);
            int count = s.length - from;
            if (count > 0 && count <= budget && isInVocabulary(s.ids, from, s.length)) {
                s.begin(from);
                s.draft.revocable(DraftTokens.MOST);
                drafter.add(s.draft, s.ids, from, s.length, Outputs.LAST);
                greedy.add(s.draft, s.drafts);
                budget -= count;
            }
        }
    }

    private boolean isInVocabulary(int[] ids, int from, int to) {
        int size = drafter.model().spec().vocabSize();
        for (int i = from; i < to; i++) {
            if (ids[i] >= size) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void decode(DecodeState state, int next, DraftTokens drafts) {
        target.decode(((State) state).target, next, drafts);
    }

    @Override
    public void discard() {
        target.discard();
    }

    @Override
    public Tensor run() {
        return target.run();
    }

    @Override
    public void close() {
        target.close();
    }
}
