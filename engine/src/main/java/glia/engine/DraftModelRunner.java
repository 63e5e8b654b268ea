package glia.engine;

import glia.engine.draft.DraftTokens;
import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.state.StateMemoryException;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Speculative decoding with a draft model: a smaller model with the same vocabulary, which drafts greedily, for all
/// sequences of a batch together. It first reads what it has not read, such as a prompt, up to 512 tokens a step;
/// until then the sequence drafts nothing. Its states have their own memory; where that is full they are dropped and
/// computed again later.
final class DraftModelRunner extends EngineRunner {
    private final PlainRunner target;
    private final Engine drafter;
    private final List<State> gathered = new ArrayList<>();
    /// The states of the drafter's pass.
    private final List<State> inPass = new ArrayList<>();
    private final int[] token = new int[1];

    private static final class State implements DecodeState {
        private final DecodeState target;
        private final Sequence draft;
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
            draft.truncateToMost(Math.min(kept, draft.length()));
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

        @Override
        public DecodeState fork() {
            return new State(target.fork(), draft.fork());
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
            draft.truncateToMost(Math.min(target.length(), draft.length()));
            return isSound;
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
    }

    @Override
    public DecodeState open(boolean goesBack) {
        return new State(target.open(goesBack), drafter.open());
    }

    @Override
    public DecodeState resume(String key, int[] tokens) {
        return new State(target.resume(key, tokens), drafter.open());
    }

    @Override
    public void clearPrefixCache() {
        target.clearPrefixCache();
    }

    @Override
    public int maxDrafts() {
        return DraftTokens.MOST;
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
        if (drafts.wanted() > 0 && length + drafts.wanted() <= drafter.model().spec().contextLength()) {
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
            while (!inPass.isEmpty()) {
                Tensor logits = drafter.run();
                pick(logits);
                addDrafts();
            }
        } catch (StateMemoryException e) {
            for (int i = 0; i < gathered.size(); i++) {
                gathered.get(i).draft.clear();
            }
        } finally {
            drafter.discard();
            gathered.clear();
            inPass.clear();
        }
    }

    /// Adds what the drafter has not read to its pass.
    private void readTexts() {
        int budget = Engine.CHUNK_TOKENS;
        boolean isWhole = true;
        for (int i = 0; i < gathered.size(); i++) {
            State s = gathered.get(i);
            int from = s.draft.length();
            int to = Math.min(s.length, from + budget);
            if (to > from && isInVocabulary(s.ids, from, to)) {
                s.draft.revocable(DraftTokens.MOST);
                drafter.add(s.draft, s.ids, from, to, to == s.length ? Outputs.LAST : Outputs.NONE);
                budget -= to - from;
                if (to == s.length) {
                    inPass.add(s);
                } else {
                    isWhole = false;
                }
            }
        }
        if (inPass.isEmpty() && !isWhole) {
            drafter.run();
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

    /// Takes the most probable token of each state in the pass. A token outside the model's vocabulary ends its drafts.
    private void pick(Tensor logits) {
        for (int i = 0; i < inPass.size(); i++) {
            State s = inPass.get(i);
            int best = drafter.ops().kernels().argmax(logits, i);
            if (best < vocabSize()) {
                s.drafts.add(best);
            } else {
                s.drafts.want(s.drafts.count());
            }
        }
    }

    private void addDrafts() {
        inPass.removeIf(s -> s.drafts.count() >= s.drafts.wanted());
        for (int i = 0; i < inPass.size(); i++) {
            State s = inPass.get(i);
            token[0] = s.drafts.id(s.drafts.count() - 1);
            s.draft.revocable(DraftTokens.MOST);
            drafter.add(s.draft, token, 0, 1, Outputs.LAST);
        }
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
