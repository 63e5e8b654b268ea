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
/// All else is sampled as without it, unless the answer has a mask of its own: that of a grammar, say. Forced tokens
/// are
/// not part of what the answer's mask sees. Its state is a function of the tokens alone.
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
    /// The mask of the answer; null for none.
    private final TokenMask answer;
    /// The tokens with which thinking may begin where the prompt leaves it open; null if that cannot be.
    private long[] starts;
    private final int[] window = new int[WINDOW];
    private int numTokens;
    /// The tokens that are forced next.
    private int[] queue;
    private int next;

    /// @param answer the mask of the answer; null for none
    ThinkingControl(ThinkingPlan plan, Tokenizer tokenizer, TokenMask answer) {
        this.plan = plan;
        this.answer = answer;
        this.tokenizer = tokenizer;
        this.tracker = plan.tracker(_ -> false, NO_RECEIVER);
        this.stops = tokenizer.endOfGeneration();
        this.queue = plan.first();
    }

    @Override
    public long[] allowed() {
        if (answer == null || tracker.isThinking() || !tracker.isAnswer() && plan.isInHeader(window, numTokens)) {
            return null;
        }
        if (tracker.isAnswer()) {
            return answer.allowed();
        }
        if (starts == null) {
            starts = plan.starts();
        }
        long[] allowed = plan.beginsWithHeader() ? new long[starts.length] : answer.allowed();
        if (allowed == null) {
            return null;
        }
        long[] both = allowed.clone();
        for (int i = 0; i < Math.min(both.length, starts.length); i++) {
            both[i] |= starts[i];
        }
        return both;
    }

    @Override
    public boolean isReady() {
        return answer == null || tracker.isThinking() || answer.isReady();
    }

    @Override
    public void stop() {
        if (answer != null) {
            answer.stop();
        }
    }

    @Override
    public int forced() {
        if (next == queue.length && tracker.isThinking() && plan.budget().isPresent()
                && tracker.tokens() + plan.beforeEnd().length >= plan.budget().getAsInt()) {
            force(end());
        }
        return next < queue.length ? queue[next] : answer != null && tracker.isAnswer() ? answer.forced() : -1;
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
            return answer != null && tracker.isAnswer() ? answer.replace(token) : token;
        }
        boolean isStop = stops.contains(token);
        if (tracker.tokens() < plan.minTokens() && (isStop || ends(token))) {
            force(waiting());
        } else if (isStop || answer != null && plan.endToken() < 0 && runsOver(token)) {
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
        return textWith(token).contains(plan.format().end());
    }

    /// Whether a token ends the thinking and begins the answer.
    private boolean runsOver(int token) {
        String text = textWith(token);
        int at = text.indexOf(plan.format().end());
        return at >= 0 && !text.substring(at + plan.format().end().length()).isBlank();
    }

    /// The text of the last tokens and another one.
    private String textWith(int token) {
        int count = Math.min(numTokens, WINDOW);
        int[] last = new int[count + 1];
        for (int i = 0; i < count; i++) {
            last[i] = window[(numTokens - count + i) % WINDOW];
        }
        last[count] = token;
        return tokenizer.decode(last, false);
    }

    @Override
    public void accept(int token) {
        boolean isForced = next < queue.length;
        boolean wasThinking = tracker.isThinking();
        boolean wasAnswer = tracker.isAnswer();
        if (isForced) {
            next++;
            if (next == queue.length) {
                force(NONE);
            }
        }
        if (!stops.contains(token)) {
            window[numTokens++ % WINDOW] = token;
            tracker.accept(token);
        }
        // A token that is neither forced nor a marker begins the answer. Within it, a marker is text like any other.
        boolean begins = !wasThinking && !tracker.isThinking() && !plan.beginsWithHeader() && !plan.isMarker(token);
        if (answer != null && !isForced && (wasAnswer || begins)) {
            answer.accept(token);
        }
    }
}
