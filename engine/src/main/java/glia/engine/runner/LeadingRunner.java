package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.runner.PassLog.Event;
import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.steer.Steering;
import glia.model.block.Input;
import glia.tensor.Tensor;
import glia.tensor.ops.RankGroup;
import java.util.Arrays;
import java.util.List;

/// The runner of rank 0 of a model that is divided among ranks. It schedules and samples; the others repeat what it
/// does with its sequences ([Follower]). Their KV caches have equal blocks and limits, so the same has room, is found
/// in the prefix cache and is dropped on all.
final class LeadingRunner extends PlainRunner {
    private final PassLog log;
    private long limit = -1;
    private int numStates;

    LeadingRunner(Engine engine, RankGroup ranks) {
        super(engine);
        log = new PassLog(ranks);
        // The prefix cache is made with this limit on all ranks.
        clearPrefixCache();
    }

    private PassLog log(Event event, int... values) {
        long now = engine.pool().limitBytes();
        if (now != limit) {
            limit = now;
            log.add(Event.LIMIT, (int) (now >> 32), (int) now);
        }
        return log.add(event, values);
    }

    private final class Led extends State {
        private final int number = numStates++;

        Led(Sequence sequence) {
            super(sequence);
        }

        @Override
        public int keep(int most) {
            log(Event.KEEP, number, most);
            return super.keep(most);
        }

        @Override
        public void useAdapter(int adapter) {
            log(Event.ADAPTER, number, adapter);
            super.useAdapter(adapter);
        }

        @Override
        public void useRows(List<Input.Embedded> rows) {
            requireNone(rows);
        }

        @Override
        public DecodeState fork() {
            log(Event.FORK, number);
            return new Led(sequence.fork());
        }

        @Override
        public void leave(String key, int[] ids, boolean whole) {
            log(Event.LEAVE, number, whole ? 1 : 0).text(key).list(ids);
            super.leave(key, ids, whole);
        }

        @Override
        public boolean keepDrafts(int count) {
            log(Event.KEEP_DRAFTS, number, count);
            return super.keepDrafts(count);
        }

        @Override
        public void close() {
            log(Event.CLOSE, number);
            super.close();
        }
    }

    private static void requireNone(List<Input.Embedded> rows) {
        if (!rows.isEmpty()) {
            throw new IllegalArgumentException("pictures and sounds are not possible with a model that is divided "
                    + "among ranks (--tensor, --expert, --pipeline)");
        }
    }

    @Override
    DecodeState state(Sequence sequence, boolean goesBack) {
        super.state(sequence, goesBack);
        return new Led(sequence);
    }

    @Override
    public void requireSteering(Steering steering) {
        if (!steering.isNone()) {
            throw new IllegalArgumentException("control vectors are not possible with a model that is divided among "
                    + "ranks (--tensor, --expert, --pipeline)");
        }
    }

    @Override
    public DecodeState open(boolean goesBack) {
        log(Event.OPEN, goesBack ? 1 : 0);
        return super.open(goesBack);
    }

    @Override
    public DecodeState resume(String key, int[] tokens, List<Input.Embedded> embedded, boolean goesBack) {
        requireNone(embedded);
        log(Event.RESUME, goesBack ? 1 : 0).text(key).list(tokens);
        return super.resume(key, tokens, embedded, goesBack);
    }

    @Override
    public void clearPrefixCache() {
        log(Event.CLEAR);
        super.clearPrefixCache();
    }

    @Override
    public void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length) {
        log(Event.PREFILL, ((Led) state).number, state.length(), to == length ? 1 : 0).list(source)
                .list(Arrays.copyOfRange(ids, from, to));
        super.prefill(state, source, ids, from, to, length);
    }

    @Override
    public void decode(DecodeState state, int token, DraftTokens drafts) {
        int[] next = new int[drafts.count()];
        drafts.copyTo(next, 0);
        log(Event.DECODE, ((Led) state).number, state.length(), token).list(next);
        super.decode(state, token, drafts);
    }

    @Override
    public void discard() {
        log(Event.DISCARD);
        super.discard();
    }

    @Override
    Tensor compute() {
        log(Event.RUN).send();
        return engine.followers().together(engine::run);
    }

    @Override
    public void close() {
        log(Event.END).send();
    }
}
