package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.state.CachePolicy;
import glia.engine.state.Sequence;
import glia.model.block.Input;
import glia.tensor.kernel.RopeTable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// A runner whose sequences keep a part of their KV cache ([CachePolicy]). A text that fits has the same bits as
/// without; the prefix cache takes what no position was dropped of.
final class KeptCacheRunner extends PlainRunner {
    private final CachePolicy policy;
    private final RopeTable[] ropes;

    private final class KeptState extends State {
        /// Tokens that are no longer in the cache.
        private int dropped;
        /// The tokens of the text when some were last dropped.
        private int floor;
        /// Whether a prompt was read since.
        private boolean hasPrompt;

        KeptState(Sequence sequence) {
            super(sequence);
        }

        /// Drops positions before `count` tokens are added, if the policy says so.
        void makeRoom(int count, boolean isPrompt) {
            int length = sequence.length();
            switch (policy) {
                case CachePolicy.Streaming streaming when length + count > streaming.most() -> {
                    int left = streaming.most() - Math.max(streaming.dropped(), count);
                    int recent = length - (left - streaming.sinks());
                    int[] kept = IntStream.concat(IntStream.range(0, streaming.sinks()),
                            IntStream.range(recent, length)).toArray();
                    sequence.keep(left, CachePolicy.everywhere(engine.model().spec(), kept), ropes);
                }
                case CachePolicy.Scored scored when !isPrompt && hasPrompt && length > scored.budget() ->
                        scored.keep(sequence, ropes);
                default -> { }
            }
            hasPrompt = isPrompt;
            if (sequence.length() < length) {
                dropped += length - sequence.length();
                floor = length();
            }
        }

        @Override
        public int length() {
            return dropped + super.length();
        }

        /// Positions whose queries score keys are computed again.
        @Override
        public int keep(int most) {
            if (most < floor) {
                dropped = 0;
                floor = 0;
                return super.keep(0);
            }
            return dropped + super.keep(dropped > 0 ? most - dropped : Math.max(0, most - policy.queries()));
        }

        /// A chunk ends where positions are dropped, so that results do not depend on chunks.
        @Override
        public int chunkEnd(int to) {
            int end = dropped + super.chunkEnd(to - dropped);
            if (!(policy instanceof CachePolicy.Streaming streaming)) {
                return end;
            }
            int room = streaming.most() - sequence.length();
            return Math.min(end, length() + (room > 0 ? room : streaming.dropped()));
        }

        /// A cache that loses positions is copied.
        @Override
        public long bytesToAppend(int numTokens, int sourceTokens) {
            return super.bytesToAppend(Math.min(numTokens, policy.most()), sourceTokens);
        }

        @Override
        public void useRows(List<Input.Embedded> rows) {
            if (!rows.isEmpty()) {
                throw new IllegalArgumentException("pictures and sounds cannot be used with a cache policy");
            }
        }

        @Override
        public DecodeState fork() {
            KeptState fork = new KeptState(sequence.fork());
            fork.dropped = dropped;
            fork.floor = floor;
            fork.hasPrompt = hasPrompt;
            return fork;
        }

        @Override
        public void leave(String key, int[] ids, boolean whole) {
            if (dropped == 0) {
                super.leave(key, ids, whole);
            } else if (whole) {
                keep(0);
            }
        }
    }

    KeptCacheRunner(Engine engine, CachePolicy policy, int context) {
        super(engine);
        this.policy = policy;
        this.ropes = CachePolicy.ropes(engine.model().spec(), context);
    }

    @Override
    DecodeState state(Sequence sequence, boolean goesBack) {
        sequence.truncateToMost(policy.most());
        if (policy.queries() > 0) {
            sequence.recordQueries(policy.queries());
        }
        return new KeptState(sequence);
    }

    @Override
    public DecodeState resume(String key, int[] tokens, List<Input.Embedded> embedded, boolean goesBack) {
        return super.resume(key, Arrays.copyOf(tokens, Math.max(0, tokens.length - policy.queries())), embedded,
                goesBack);
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        ((KeptState) state).makeRoom(to - from, true);
        super.prefill(state, source, ids, from, to, length);
    }

    @Override
    public void decode(DecodeState state, int token, DraftTokens drafts) {
        ((KeptState) state).makeRoom(1, false);
        super.decode(state, token, drafts);
    }
}
