package glia.engine.thinking;

import glia.engine.sampling.TokenMask;
import glia.text.thinking.Effort;
import glia.text.thinking.PromptState;
import glia.text.thinking.ThinkingFormat;
import glia.text.thinking.ThinkingSplitter;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/// The thinking after a prompt: its markers, its limits, and the tokens that are forced. Made by
/// [ModelThinking#plan]. Immutable; any number of answers may follow one plan.
public final class ThinkingPlan {
    private static final String WAIT = "\nWait";
    private static final String END = "<|end|>";
    private static final int[] NONE = {};

    private final Tokenizer tokenizer;
    private final ThinkingFormat format;
    private final PromptState state;
    private final Optional<Effort> effort;
    private final OptionalInt budget;
    private final int minTokens;
    private final int[] first;
    private final int[] beforeEnd;
    private final int[] end;
    private final int endToken;
    private final int[] waiting;

    /// @param first text that is forced at the beginning of the answer
    /// @param forcedEnd the text that ends the thinking, with the end marker in it
    ThinkingPlan(Tokenizer tokenizer, ThinkingFormat format, PromptState state, Optional<Effort> effort,
            OptionalInt budget, int minTokens, String first, String forcedEnd) {
        this.tokenizer = tokenizer;
        this.format = format;
        this.state = state;
        this.effort = effort;
        this.budget = budget;
        this.minTokens = minTokens;
        this.first = tokens(first);
        int marker = Math.max(0, forcedEnd.indexOf(format.end()));
        this.beforeEnd = tokens(forcedEnd.substring(0, marker));
        this.end = tokens(forcedEnd.substring(marker));
        int[] alone = tokens(format.end());
        this.endToken = alone.length == 1 ? alone[0] : -1;
        this.waiting = minTokens > 0 ? tokens(WAIT) : NONE;
    }

    /// The tokens of a text that continues another: without the blank that some tokenizers put before a text.
    private int[] tokens(String text) {
        if (text.isEmpty()) {
            return NONE;
        }
        int[] before = tokenizer.encode("x", false);
        int[] both = tokenizer.encode("x" + text, false);
        boolean isContinued = before.length <= both.length
                && Arrays.equals(before, 0, before.length, both, 0, before.length);
        return isContinued ? Arrays.copyOfRange(both, before.length, both.length) : tokenizer.encode(text, false);
    }

    static int[] joined(int[] a, int[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    /// The markers.
    public ThinkingFormat format() {
        return format;
    }

    /// What the prompt says.
    public PromptState state() {
        return state;
    }

    /// The effort; empty for the template's default.
    public Optional<Effort> effort() {
        return effort;
    }

    /// The most tokens of thinking; empty for no limit.
    public OptionalInt budget() {
        return budget;
    }

    /// The fewest tokens of thinking.
    public int minTokens() {
        return minTokens;
    }

    int[] first() {
        return first;
    }

    int[] beforeEnd() {
        return beforeEnd;
    }

    int[] end() {
        return end;
    }

    /// The token of the end marker; -1 if it has several.
    int endToken() {
        return endToken;
    }

    int[] waiting() {
        return waiting;
    }

    /// Whether tokens are forced or replaced.
    public boolean isLimited() {
        return first.length > 0 || minTokens > 0 || budget.isPresent() && state != PromptState.CLOSED;
    }

    /// The mask of one answer, for [glia.engine.schedule.GenerationRequest.Builder#mask]; empty if the plan sets no
    /// limits.
    public Optional<TokenMask> mask() {
        return mask(NONE);
    }

    /// The mask of the rest of an answer.
    ///
    /// @param begun the tokens of the answer so far
    public Optional<TokenMask> mask(int[] begun) {
        if (!isLimited()) {
            return Optional.empty();
        }
        ThinkingControl control = new ThinkingControl(this, tokenizer, null);
        for (int token : begun) {
            control.forced();
            control.accept(token);
        }
        return Optional.of(control);
    }

    /// The mask of one answer that has a mask of its own after the thinking, such as that of a grammar. In the thinking
    /// every token is allowed, except that a stop token ends the thinking and not the text.
    ///
    /// @param answer sees the tokens after the thinking, without those that are forced
    public TokenMask mask(TokenMask answer) {
        return new ThinkingControl(this, tokenizer, answer);
    }

    /// Whether a token is a marker of the thinking's format.
    boolean isMarker(int token) {
        return tokenizer.isMarker(token) && format.isMarker(tokenizer.piece(token));
    }

    /// Whether each message begins with a header of markers.
    boolean beginsWithHeader() {
        return format instanceof ThinkingFormat.Channels;
    }

    /// Whether the last token is part of a message's header.
    boolean isInHeader(int[] window, int numTokens) {
        return beginsWithHeader() && numTokens > 0 && !END.equals(tokenizer.piece(window[(numTokens - 1)
                % window.length]));
    }

    /// The tokens with which thinking, or a header, begins: a bit each.
    long[] starts() {
        long[] words = new long[(tokenizer.vocabSize() + Long.SIZE - 1) / Long.SIZE];
        String start = format.start().strip();
        int[] ids = beginsWithHeader() ? tokens(start.substring(0, start.indexOf('>') + 1)) : tokens(start);
        if (ids.length == 1) {
            words[ids[0] >> 6] |= 1L << ids[0];
        }
        return words;
    }

    /// The tracker of one answer.
    ///
    /// @param markers further special tokens that have a text, such as those of tool calls
    ///        ([glia.text.tool.ToolFormat#isMarker])
    public ThinkingTracker tracker(Predicate<String> markers, ThinkingSplitter.Receiver receiver) {
        return new ThinkingTracker(tokenizer, format, state, markers, receiver);
    }
}
