package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.state.CachePolicy;
import glia.engine.state.Sequence;
import glia.model.block.Input;
import glia.tensor.kernel.RopeTable;
import java.util.List;
import java.util.stream.IntStream;

/// A runner whose sequences keep a part of their KV cache ([CachePolicy]), so texts may be longer than the context.
/// A text that fits has the same bits as without; only then the prefix cache takes it.
final class KeptCacheRunner extends PlainRunner {
    private final CachePolicy.Streaming policy;
    private final RopeTable[] ropes;

    private final class KeptState extends State {
        /// Tokens that are no longer in the cache.
        private int dropped;
        /// The tokens of the text when some were last dropped.
        private int floor;

        KeptState(Sequence sequence) {
            super(sequence);
        }

        /// Drops positions if a full sequence gets more.
        void makeRoom(int count) {
            int length = sequence.length();
            if (length + count <= policy.most()) {
                return;
            }
            int left = policy.most() - Math.max(policy.dropped(), count);
            int recent = length - (left - policy.sinks());
            int[] kept = IntStream.concat(IntStream.range(0, policy.sinks()), IntStream.range(recent, length))
                    .toArray();
            sequence.keep(left, CachePolicy.everywhere(engine.model().spec(), kept), ropes);
            dropped += length - left;
            floor = length();
        }

        @Override
        public int length() {
            return dropped + super.length();
        }

        @Override
        public int keep(int most) {
            if (most < floor) {
                dropped = 0;
                floor = 0;
                return super.keep(0);
            }
            return dropped + super.keep(most - dropped);
        }

        /// A chunk ends where positions are dropped, so that results do not depend on chunks.
        @Override
        public int chunkEnd(int to) {
            int room = policy.most() - sequence.length();
            return Math.min(dropped + super.chunkEnd(to - dropped), length() + (room > 0 ? room : policy.dropped()));
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

    KeptCacheRunner(Engine engine, CachePolicy.Streaming policy, int context) {
        super(engine);
        this.policy = policy;
        this.ropes = CachePolicy.ropes(engine.model().spec(), context);
    }

    @Override
    DecodeState state(Sequence sequence, boolean goesBack) {
        sequence.truncateToMost(policy.most());
        return new KeptState(sequence);
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        ((KeptState) state).makeRoom(to - from);
        super.prefill(state, source, ids, from, to, length);
    }

    @Override
    public void decode(DecodeState state, int token, DraftTokens drafts) {
        ((KeptState) state).makeRoom(1);
        super.decode(state, token, drafts);
    }
}
