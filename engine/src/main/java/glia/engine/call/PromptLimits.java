package glia.engine.call;

/// Limits of what a request may contain.
///
/// @param messages the most messages of a conversation
/// @param tools the most tools
/// @param promptTokens the most tokens of a prompt; the model's context is a limit too
/// @param answerTokens the most tokens of an answer
/// @param stops the most stop strings
/// @param stopCharacters the longest stop string, in UTF-16 units
/// @param biases the most entries of `logit_bias`
/// @param pictures the most pictures of a conversation
/// @param picturePixels the most pixels of a picture
public record PromptLimits(int messages, int tools, int promptTokens, int answerTokens, int stops, int stopCharacters,
        int biases, int pictures, int picturePixels) {
    /// 4,096 messages, 512 tools, 16 stop strings of 1,024 characters, 1,024 biases, 64 pictures of 50 million pixels;
    /// tokens are limited by the context.
    public static PromptLimits defaults() {
        return new PromptLimits(4096, 512, Integer.MAX_VALUE, Integer.MAX_VALUE, 16, 1024, 1024, 64, 50_000_000);
    }

    public PromptLimits withPromptTokens(int most) {
        return new PromptLimits(messages, tools, most, answerTokens, stops, stopCharacters, biases, pictures,
                picturePixels);
    }

    public PromptLimits withAnswerTokens(int most) {
        return new PromptLimits(messages, tools, promptTokens, most, stops, stopCharacters, biases, pictures,
                picturePixels);
    }

    /// Checks a number.
    ///
    /// @param field the field that is counted
    /// @param option the option of the server that raises the limit
    /// @throws CallException if there are too many
    public static void check(String field, String what, long found, long most, String option) {
        if (found > most) {
            throw new CallException(field, "found " + found + " " + what + ", expected at most " + most
                    + "; the server's option " + option + " raises the limit");
        }
    }
}
