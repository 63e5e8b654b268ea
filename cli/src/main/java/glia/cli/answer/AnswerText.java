package glia.cli.answer;

import glia.cli.terminal.Units;
import glia.engine.Answer;

/// What there is to say about a finished answer.
public final class AnswerText {
    private AnswerText() {}

    /// Its length and speed: `42 tokens, 87.3 tokens/s, first after 0.120 s`, and where tokens were guessed, how often
    /// that was right.
    public static String rates(Answer answer) {
        String tokens = Units.counted(answer.tokens(), "token");
        if (answer.tokens() == 0) {
            return tokens;
        }
        String rate = answer.tokensPerSecond() > 0 ? ", " + Units.rate(answer.tokensPerSecond()) + " tokens/s" : "";
        String drafts = answer.draftedTokens() == 0 ? ""
                : ", " + answer.acceptedTokens() + " of " + Units.counted(answer.draftedTokens(), "draft") + " right";
        return tokens + rate + ", first after " + Units.seconds(answer.firstTokenNanos() / 1e9) + drafts;
    }

    /// Why it is not whole, where it is not, and its length and speed.
    public static String summary(Answer answer) {
        String ending = ending(answer);
        return (ending.isEmpty() ? "" : ending + "; ") + rates(answer);
    }

    /// Why it is not whole, or an empty text.
    private static String ending(Answer answer) {
        return switch (answer.finish()) {
            case STOP -> "";
            case CANCELLED, INTERRUPTED -> "stopped";
            case TIMEOUT -> "cut off: its time was over";
            case FAILED -> "cut off by an error";
            case LENGTH -> "cut off at --max-tokens";
            case CONTEXT -> "cut off: the context is full";
        };
    }
}
