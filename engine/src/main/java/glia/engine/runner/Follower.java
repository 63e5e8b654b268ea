package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.runner.PassLog.Event;
import glia.engine.schedule.DecodeState;
import glia.engine.state.StateMemoryException;
import glia.tensor.ops.RankGroup;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Repeats on another rank what [LeadingRunner] does with its sequences.
final class Follower {
    private final PlainRunner runner;
    private final Engine engine;
    private final PassLog log;
    private final int rank;
    private final Map<Integer, DecodeState> states = new HashMap<>();
    private int numStates;
    /// What rank 0 sent, and where it is read.
    private int[] numbers = {};
    private int at;

    Follower(PlainRunner runner, Engine engine, RankGroup ranks) {
        this.runner = runner;
        this.engine = engine;
        log = new PassLog(ranks);
        rank = ranks.rank();
    }

    void run() {
        engine.awaitClaim();
        try {
            boolean goesOn = true;
            while (goesOn) {
                numbers = log.receive();
                at = 1;
                while (at < numbers.length && goesOn) {
                    goesOn = repeat(Event.values()[next()]);
                }
            }
        } finally {
            states.values().forEach(DecodeState::close);
            engine.release();
        }
    }

    private int next() {
        return numbers[at++];
    }

    private int[] list() {
        int count = next();
        at += count;
        return Arrays.copyOfRange(numbers, at - count, at);
    }

    private String text() {
        int[] chars = list();
        return new String(chars, 0, chars.length);
    }

    private boolean flag() {
        return next() == 1;
    }

    /// A state that has as many tokens as that of rank 0.
    private DecodeState state(int number, int length) {
        DecodeState state = states.get(number);
        if (state == null || state.length() != length) {
            throw new IllegalStateException("rank " + rank + " has " + (state == null ? "no" : state.length()
                    + " tokens of") + " sequence " + number + ", of which rank 0 has " + length);
        }
        return state;
    }

    /// @return false if nothing follows
    private boolean repeat(Event event) {
        switch (event) {
            case LIMIT -> engine.pool().limitBytes((long) next() << 32 | next() & 0xffffffffL);
            case OPEN -> states.put(numStates++, runner.open(flag()));
            case RESUME -> {
                boolean goesBack = flag();
                states.put(numStates++, runner.resume(text(), list(), List.of(), goesBack));
            }
            case CLEAR -> runner.clearPrefixCache();
            case KEEP -> states.get(next()).keep(next());
            case ADAPTER -> states.get(next()).useAdapter(next());
            case FORK -> states.put(numStates++, states.get(next()).fork());
            case LEAVE -> {
                DecodeState state = states.get(next());
                boolean whole = flag();
                state.leave(text(), list(), whole);
            }
            case KEEP_DRAFTS -> states.get(next()).keepDrafts(next());
            case CLOSE -> states.remove(next()).close();
            case PREFILL -> prefill(state(next(), next()), flag());
            case DECODE -> decode(state(next(), next()));
            case DISCARD -> runner.discard();
            case RUN -> compute();
            case END -> {
                return false;
            }
        }
        return true;
    }

    private void prefill(DecodeState state, boolean isLast) {
        int[] source = list();
        int[] ids = list();
        runner.prefill(state, source, ids, 0, ids.length, isLast ? ids.length : ids.length + 1);
    }

    private void decode(DecodeState state) {
        int token = next();
        DraftTokens drafts = new DraftTokens();
        for (int id : list()) {
            drafts.add(id);
        }
        runner.decode(state, token, drafts);
    }

    private void compute() {
        try {
            runner.run();
        } catch (StateMemoryException e) {
            // As on rank 0, which computes the pass with fewer sequences.
        }
    }
}
