package glia.engine.thinking;

import glia.engine.sampling.TokenMask;
import glia.text.thinking.ThinkingSplitter;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Set;

/// Keeps the thinking of one answer within its limits.
///
/// - At the budget, the tokens of the end marker are forced, and the answer follows. A stop token within the thinking
///   is replaced by the end marker too.
/// - Before the fewest tokens, "Wait" replaces the end marker (budget forcing: https://arxiv.org/abs/2501.19393).
///
/// All else is sampled as without it. Its state is a function of the tokens alone.
final class ThinkingControl implements TokenMask {
    private static final ThinkingSplitter.Receiver NO_RECEIVER = new ThinkingSplitter.Receiver() {
        @Override
        public void thinking(String piece) { }

        @Override
        public void answer(String piece) { }
    };
    private static final int[] NONE = {};
    /// The last tokens among which an end marker of several tokens is looked for.
    private static final int WINDOW = 16;

    private final ThinkingPlan plan;
    private final Tokenizer tokenizer;
    private final ThinkingTracker tracker;
    private final Set<Integer> stops;
    private final int[] window = new int[WINDOW];
    private int numTokens;
    /// The tokens that are forced next.
    private int[] queue;
    private int next;

    ThinkingControl(ThinkingPlan plan, Tokenizer tokenizer) {
        this.plan = plan;
        this.tokenizer = tokenizer;
        this.tracker = plan.tracker(NO_RECEIVER);
        this.stops = tokenizer.endOfGeneration();
        this.queue = plan.first();
    }

    @Override
    public long[] allowed() {
        return null;
    }

    @Override
    public int forced() {
        if (next == queue.length && tracker.isThinking() && plan.budget().isPresent()
                && tracker.tokens() + plan.beforeEnd().length >= plan.budget().getAsInt()) {
            force(end());
        }
        return next < queue.length ? queue[next] : -1;
    }

    /// The end marker, with the blank tokens before it if the budget has room for them.
    private int[] end() {
        int[] before = plan.beforeEnd();
        boolean fits = plan.budget().isEmpty() || tracker.tokens() + before.length <= plan.budget().getAsInt();
        return fits ? ThinkingPlan.joined(before, plan.end()) : plan.end();
    }

    private void force(int[] tokens) {
        queue = tokens;
        next = 0;
    }

    @Override
    public int replace(int token) {
        if (!tracker.isThinking()) {
            return token;
        }
        boolean isStop = stops.contains(token);
        if (tracker.tokens() < plan.minTokens() && (isStop || ends(token))) {
            force(waiting());
        } else if (isStop) {
            force(end());
        } else {
            return token;
        }
        return queue[next];
    }

    /// As much of "Wait" as the budget has room for.
    private int[] waiting() {
        int[] wait = plan.waiting();
        int room = plan.budget().isEmpty() ? wait.length
                : plan.budget().getAsInt() - plan.beforeEnd().length - tracker.tokens();
        if (room <= 0) {
            return end();
        }
        return room >= wait.length ? wait : Arrays.copyOf(wait, room);
    }

    /// Whether a token ends the thinking.
    private boolean ends(int token) {
        if (plan.endToken() >= 0) {
            return plan.endToken() == token || tokenizer.isSpecial(token)
                    && plan.format().isMarker(tokenizer.piece(token));
        }
        int count = Math.min(numTokens, WINDOW);
        int[] last = new int[count + 1];
        for (int i = 0; i < count; i++) {
            last[i] = window[(numTokens - count + i) % WINDOW];
        }
        last[count] = token;
        return tokenizer.decode(last, false).contains(plan.format().end());
    }

    @Override
    public void accept(int token) {
        if (next < queue.length) {
            next++;
            if (next == queue.length) {
                force(NONE);
            }
        }
        if (!stops.contains(token)) {
            window[numTokens++ % WINDOW] = token;
            tracker.accept(token);
        }
    }
}
