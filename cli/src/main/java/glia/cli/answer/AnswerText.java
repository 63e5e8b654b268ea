package glia.cli.answer;

import glia.cli.terminal.Units;
import glia.engine.Answer;
import glia.engine.GenerationOptions;
import glia.engine.schedule.Finish;
import glia.engine.thinking.Thought;
import java.util.Optional;

/// The length and speed of a finished answer, in words.
public final class AnswerText {
    /// The note on models without a chat template.
    public static final String NO_TEMPLATE =
            "this model has no chat template: it continues the text instead of answering it";

    private AnswerText() {}

    /// Length and speed: `42 tokens, 87.3 tokens/s, first after 0.120 s`; with speculative decoding also
    /// `9 of 12 drafts accepted`, with an effort `effort low`.
    public static String rates(Answer answer) {
        String tokens = Units.counted(answer.tokens(), "token");
        if (answer.tokens() == 0) {
            return tokens;
        }
        String rate = answer.tokensPerSecond() > 0 ? ", " + Units.rate(answer.tokensPerSecond()) + " tokens/s" : "";
        String drafts = answer.draftedTokens() == 0 ? ""
                : ", " + answer.acceptedTokens() + " of " + Units.counted(answer.draftedTokens(), "draft")
                        + " accepted";
        return tokens + rate + ", first after " + Units.seconds(answer.firstTokenNanos() / 1e9) + drafts
                + answer.effort().map(effort -> ", effort " + effort.word()).orElse("");
    }

    /// The length of the thinking: `Thought for 3.2 s, 214 tokens`.
    public static String summary(Thought thought) {
        return (thought.isFinished() ? "Thought for " : "Thinking not finished after ")
                + Units.seconds(thought.nanos() / 1e9) + ", " + Units.counted(thought.tokens(), "token");
    }

    /// Why the answer is incomplete, if it is, and its length and speed.
    public static String summary(Answer answer) {
        String ending = ending(answer);
        return (ending.isEmpty() ? "" : ending + "; ") + rates(answer);
    }

    /// Why the answer is incomplete where no option limits it; empty if it is complete.
    ///
    /// @param isLimited whether the most tokens were given
    public static Optional<String> note(Answer answer, boolean isLimited) {
        boolean isNoted = answer.finish() == Finish.REPETITION || answer.finish() == Finish.LENGTH && !isLimited;
        return isNoted ? Optional.of("the answer is " + ending(answer)) : Optional.empty();
    }

    /// Why an answer does not have the form of its options; empty if it has.
    public static Optional<String> withoutForm(Answer answer, GenerationOptions options) {
        boolean isStopped = answer.finish() == Finish.CANCELLED || answer.finish() == Finish.INTERRUPTED;
        if (isStopped || options.grammar().isEmpty() || options.grammar().get().matches(answer.text())) {
            return Optional.empty();
        }
        String ending = ending(answer);
        return Optional.of("the answer does not have its form: it is "
                + (ending.isEmpty() ? "cut off at a stop string" : ending)
                + "; allow more tokens with --max-tokens, or limit the form (maxLength, maxItems)");
    }

    /// Why the answer is incomplete; empty if it is complete.
    private static String ending(Answer answer) {
        return switch (answer.finish()) {
            case STOP -> "";
            case CANCELLED, INTERRUPTED -> "stopped";
            case TIMEOUT -> "cut off by a timeout";
            case FAILED -> "cut off by an error";
            case LENGTH -> "cut off at --max-tokens";
            case CONTEXT -> "cut off: the context is full";
            case REPETITION -> "cut off: the model repeated the same tokens again and again; --repetition-penalty 1.1 "
                    + "may help";
        };
    }
}
